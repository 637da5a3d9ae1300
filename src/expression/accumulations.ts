/** Accumulators as expressions: of several operands, or of the items of an array that is the only one. */
import { type CodeName, CommandError } from '../base/errors.ts'
import type { Collation } from '../bson/collation.ts'
import { compareValues } from '../bson/compare.ts'
import { arrayValue, doubleValue, nullValue } from '../bson/encode.ts'
import { toExactInteger, toNearestDouble } from '../bson/number.ts'
import { itemsOf } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { type Value, isArray, isDocument, isNullish, isNumber } from '../bson/value.ts'
import { compileNamed } from './arguments.ts'
import { requireItems } from './arrays.ts'
import { NumberTotal } from './number-total.ts'
import type { CompareHelpers, ExpressionOperator } from './operator.ts'
import { variadic } from './operands.ts'

/** An accumulator over its operands, or over the items of its only operand when that is an array. */
export function accumulation(
  name: string,
  apply: (values: readonly (Value | undefined)[], helpers: CompareHelpers) => Value,
): ExpressionOperator {
  return variadic(name, (values, helpers) => {
    const [only] = values
    return apply(values.length === 1 && isArray(only) ? itemsOf(only) : values, helpers)
  })
}

/** The total of those values that are numbers. */
export function totalOf(values: readonly (Value | undefined)[]): NumberTotal {
  const total = new NumberTotal()
  for (const value of values) if (isNumber(value)) total.add(value)
  return total
}

/** The smallest value (`sense` 1) or the greatest (-1), the first of equal ones; null and missing do not count. */
export function extreme(
  values: readonly (Value | undefined)[],
  sense: 1 | -1,
  collation: Collation | undefined,
): Value {
  let found: Value | undefined
  for (const value of values) {
    if (isNullish(value)) continue
    if (found === undefined || compareValues(found, value, collation) * sense > 0) found = value
  }
  return found ?? nullValue
}

/** $stdDevPop (`spare` 0) and $stdDevSamp (1) by Welford's method: a double, or null of not more than `spare` numbers. */
export function standardDeviation(name: string, spare: 0 | 1): ExpressionOperator {
  return accumulation(name, values => {
    let count = 0
    let mean = 0
    let squares = 0
    for (const value of values) {
      if (!isNumber(value)) continue
      const number = toNearestDouble(value)
      const distance = number - mean
      count++
      mean += distance / count
      squares += distance * (number - mean)
    }
    return count > spare ? doubleValue(Math.sqrt(squares / (count - spare))) : nullValue
  })
}

/** An operator `{ n, input }` that gives at most `n` of an array's items; `notObject` is the code for another argument. */
export function counted(
  name: string,
  notObject: CodeName,
  take: (items: readonly Value[], countMax: number, helpers: CompareHelpers) => readonly Value[],
): ExpressionOperator {
  const shape = {
    operator: name,
    required: { n: 'Location5787906', input: 'Location5787907' },
    notObject,
    unknown: 'Location5787901',
  } as const
  return {
    name,
    compile(argument, helpers) {
      if (!isDocument(argument)) {
        throw new CommandError(notObject, `specification must be an object; found ${show(argument)}`)
      }
      const { n, input } = compileNamed(argument, shape, helpers)
      return (document, variables) => {
        const countMax = requireCount(n(document, variables))
        const items = requireItems(input(document, variables), 'Location5788200', 'Input must be an array, but is')
        return arrayValue(take(items, countMax, helpers))
      }
    },
  }
}

function requireCount(value: Value | undefined): number {
  const notIntegral = `Value for 'n' must be of integral type, but found ${show(value)}`
  if (!isNumber(value)) throw new CommandError('Location5787902', notIntegral)
  const count = toExactInteger(value)
  if (count === undefined) throw new CommandError('Location5787903', notIntegral)
  if (count <= 0n) throw new CommandError('Location5787908', `'n' must be greater than 0, found ${count}`)
  return Number(count)
}
