/** The operators that stand for $convert with one target, and no `onError` and `onNull`: $toInt, $toDate … */
import { CommandError } from '../base/errors.ts'
import { nullValue } from '../bson/encode.ts'
import { itemsOf } from '../bson/reader.ts'
import { isArray, isNullish } from '../bson/value.ts'
import { type BinaryForm, convertValue } from './conversion.ts'
import type { ConversionTarget } from './conversion-target.ts'
import type { ExpressionOperator } from './operator.ts'

/** `format` is how a text spells a binary. */
export function converter(
  name: string,
  { type, subtype = 0, format }: Pick<ConversionTarget, 'type'> & { subtype?: number; format?: string },
): ExpressionOperator {
  const target: ConversionTarget = { type, subtype }
  const form: BinaryForm = { format, byteOrder: 'little' }
  return {
    name,
    compile(argument, helpers) {
      const [only = argument, ...more] = isArray(argument) ? itemsOf(argument) : [argument]
      if (more.length > 0 || (isArray(argument) && only === argument)) {
        const count = only === argument ? 0 : more.length + 1
        throw new CommandError('Location50723', `${name} requires a single argument, got ${count}`)
      }
      const operand = helpers.compileExpression(only)
      return (document, variables) => {
        const value = operand(document, variables)
        return value === undefined || isNullish(value) ? nullValue : convertValue(value, target, form)
      }
    },
  }
}
