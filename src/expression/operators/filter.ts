/** $filter: those items of an array for which an expression is true: `{ input, as, cond, limit }`. */
import { CommandError } from '../../base/errors.ts'
import { arrayValue, nullValue } from '../../bson/encode.ts'
import { show } from '../../bson/show.ts'
import { type Value, isNullish } from '../../bson/value.ts'
import { namedSpecs } from '../arguments.ts'
import { itemVariable, requireItems } from '../arrays.ts'
import { toExactInt32 } from '../numbers.ts'
import type { ExpressionOperator } from '../operator.ts'
import { isTrue } from '../truth.ts'

const shape = {
  operator: '$filter',
  required: { input: 'Location28648', cond: 'Location28650' },
  optional: ['as', 'limit'],
  notObject: 'Location28646',
  unknown: 'Location28647',
} as const

export const operator: ExpressionOperator = {
  name: '$filter',
  compile(argument, helpers) {
    const specs = namedSpecs(argument, shape)
    const input = helpers.compileExpression(specs.input)
    const name = itemVariable(specs.as)
    const test = helpers.compileExpression(specs.cond, [name])
    const limit = specs.limit && helpers.compileExpression(specs.limit)
    const { pace } = helpers
    return (document, variables) => {
      const array = input(document, variables)
      if (array === undefined || isNullish(array)) return nullValue
      const items = requireItems(array, 'Location28651', 'input to $filter must be an array not')
      const countMax = items.length === 0 ? 0 : countOf(limit?.(document, variables))
      const found: Value[] = []
      for (const item of items) {
        pace?.spend()
        if (!isTrue(test(document, variables.with(name, item)))) continue
        found.push(item)
        if (found.length === countMax) break
      }
      return arrayValue(found)
    }
  },
}

/** How many items a `limit` lets through: all for null and for none. */
function countOf(limit: Value | undefined): number {
  if (limit === undefined || isNullish(limit)) return Infinity
  const count = toExactInt32(limit)
  if (count === undefined) {
    throw new CommandError(
      'Location327391',
      `$filter: limit must be represented as a 32-bit integral value: ${show(limit)}`,
    )
  }
  if (count > 0) return count
  throw new CommandError('Location327392', `$filter: limit must be greater than 0: ${show(limit)}`)
}
