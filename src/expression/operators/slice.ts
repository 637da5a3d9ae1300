/** $slice: `[array, count]`, the first items or (negative) the last; or `[array, start, count]`, the items from a position on. */
import { type CodeName, CommandError } from '../../base/errors.ts'
import { arrayValue, nullValue } from '../../bson/encode.ts'
import { show } from '../../bson/show.ts'
import { type Value, isNullish, isNumber, typeName } from '../../bson/value.ts'
import { requireItems } from '../arrays.ts'
import { toExactInt32 } from '../numbers.ts'
import { variadic } from '../operands.ts'

export const operator = variadic(
  '$slice',
  values => {
    const [array, second, third] = values
    if (array === undefined || second === undefined || isNullish(array) || isNullish(second)) return nullValue
    const items = requireItems(array, 'Location28724', 'First argument to $slice must be an array, but is of type:')
    const first = requireInt32('Second', second, ['Location28725', 'Location28726'])
    if (values.length === 2) return arrayValue(first < 0 ? items.slice(first) : items.slice(0, first))
    if (third === undefined || isNullish(third)) return nullValue
    const count = requireInt32('Third', third, ['Location28727', 'Location28728'])
    if (count <= 0) throw new CommandError('Location28729', `Third argument to $slice must be positive: ${count}`)
    const start = first < 0 ? Math.max(0, items.length + first) : first
    return arrayValue(items.slice(start, start + count))
  },
  { min: 2, max: 3 },
)

function requireInt32(which: string, value: Value, [notNumber, notInt32]: [CodeName, CodeName]): number {
  if (!isNumber(value)) {
    throw new CommandError(notNumber, `${which} argument to $slice must be numeric, but is of type: ${typeName(value)}`)
  }
  const int = toExactInt32(value)
  if (int !== undefined) return int
  throw new CommandError(
    notInt32,
    `${which} argument to $slice can't be represented as a 32-bit integer: ${show(value)}`,
  )
}
