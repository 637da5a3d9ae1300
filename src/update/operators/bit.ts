/** `{ $bit: { path: { and | or | xor: integer } } }` works on the bits of an integer; a missing field starts from zero. */
import { CommandError } from '../../base/errors.ts'
import { int32Value, int64Value } from '../../bson/encode.ts'
import { elementsOf } from '../../bson/reader.ts'
import { show } from '../../bson/show.ts'
import { BsonType, isDocument, toInt32, toInt64, typeName } from '../../bson/value.ts'
import type { Value } from '../../bson/value.ts'
import type { UpdateOperator } from '../operator.ts'

interface Step {
  readonly combine: (a: bigint, b: bigint) => bigint
  readonly operand: Value
}

const combiners = new Map<string, Step['combine']>([
  ['and', (a, b) => a & b],
  ['or', (a, b) => a | b],
  ['xor', (a, b) => a ^ b],
])

export const operator: UpdateOperator = {
  name: '$bit',
  compile(_path, argument) {
    const steps = parseSteps(argument)
    return place => {
      const current = place.value ?? int32Value(0)
      if (!isInteger(current)) {
        throw new CommandError(
          'BadValue',
          `Cannot apply $bit to a value of non-integral type.${place.documentName} has the field ${place.name} of ` +
            `non-integer type ${typeName(current)}`,
        )
      }
      place.set(steps.reduce(applyStep, current))
    }
  },
}

function parseSteps(argument: Value): Step[] {
  if (!isDocument(argument)) {
    throw new CommandError(
      'BadValue',
      `The $bit modifier is not compatible with a ${typeName(argument)}. You must pass in an embedded document: ` +
        `{$bit: {field: {and/or/xor: #}}`,
    )
  }
  const steps = elementsOf(argument).map(([name, operand]) => parseStep(name, operand))
  if (steps.length === 0) {
    throw new CommandError(
      'BadValue',
      'You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}',
    )
  }
  return steps
}

function parseStep(name: string, operand: Value): Step {
  const combine = combiners.get(name)
  if (combine === undefined) {
    throw new CommandError(
      'BadValue',
      `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator: ` +
        `{${name}: ${show(operand)}}`,
    )
  }
  if (!isInteger(operand)) {
    throw new CommandError(
      'BadValue',
      `The $bit modifier field must be an Integer(32/64 bit); a '${typeName(operand)}' is not supported here: ` +
        `{${name}: ${show(operand)}}`,
    )
  }
  return { combine, operand }
}

function applyStep(current: Value, { combine, operand }: Step): Value {
  const result = combine(toInteger(current), toInteger(operand))
  const isLong = current.type === BsonType.int64 || operand.type === BsonType.int64
  return isLong ? int64Value(result) : int32Value(Number(result))
}

const isInteger = ({ type }: Value): boolean => type === BsonType.int32 || type === BsonType.int64

const toInteger = (value: Value): bigint => (value.type === BsonType.int64 ? toInt64(value) : BigInt(toInt32(value)))
