/** What $inc and $mul have in common: a number there, a number given, and one rule for making a third. */
import { CommandError } from '../base/errors.ts'
import { show } from '../bson/show.ts'
import { BsonType, isNumber, typeName } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import type { UpdateOperator } from './operator.ts'

export interface ArithmeticRule {
  readonly name: string
  /** What it does, in a message: 'Cannot increment with …'. */
  readonly verb: string
  readonly combine: (current: Value, argument: Value) => Value
  /** What a missing field becomes. */
  readonly start: (argument: Value) => Value
}

export function arithmeticOperator({ name, verb, combine, start }: ArithmeticRule): UpdateOperator {
  return {
    name,
    compile(path, argument) {
      if (!isNumber(argument)) {
        const words = `Cannot ${verb} with non-numeric argument: {${path.text}: ${show(argument)}}`
        throw new CommandError('TypeMismatch', words)
      }
      return place => {
        const current = place.value
        if (current === undefined) return place.set(start(argument))
        if (!isNumber(current)) {
          throw new CommandError(
            'TypeMismatch',
            `Cannot apply ${name} to a value of non-numeric type. {${place.documentName}} has the field ` +
              `'${place.name}' of non-numeric type ${typeName(current)}`,
          )
        }
        const result = combine(current, argument)
        // Expressions let a long that overflows become a double; a stored counter must not lose its last digits.
        if (result.type === BsonType.double && isInteger(current) && isInteger(argument)) {
          throw new CommandError(
            'BadValue',
            `Failed to apply ${name} operations to current value (${shownNumber(current)}) for document ` +
              `{${place.documentName}}`,
          )
        }
        place.set(result)
      }
    },
  }
}

const isInteger = ({ type }: Value): boolean => type === BsonType.int32 || type === BsonType.int64

const shownNumber = (value: Value): string => `(Number${value.type === BsonType.int32 ? 'Int' : 'Long'})${show(value)}`
