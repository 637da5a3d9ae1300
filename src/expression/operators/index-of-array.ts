/** $indexOfArray: where in an array a value is first found, from a position on and before another; -1 for nowhere. */
import { CommandError } from '../../base/errors.ts'
import { equalValues } from '../../bson/compare.ts'
import { int32Value, nullValue } from '../../bson/encode.ts'
import { show } from '../../bson/show.ts'
import { type Value, isNullish, typeName } from '../../bson/value.ts'
import { requireItems } from '../arrays.ts'
import { toExactInt32 } from '../numbers.ts'
import { variadic } from '../operands.ts'

export const operator = variadic(
  '$indexOfArray',
  (values, { collation, pace }) => {
    const [array, value] = values
    if (array === undefined || isNullish(array)) return nullValue
    const items = requireItems(array, 'Location40090', '$indexOfArray requires an array as a first argument, found:')
    const start = values.length > 2 ? requirePosition('starting', values[2]) : 0
    const end = values.length > 3 ? requirePosition('ending', values[3]) : items.length
    pace?.spendBytes(array.end - array.start)
    const index = items.slice(0, end).findIndex((item, at) => at >= start && equalValues(item, value, collation))
    return int32Value(index)
  },
  { min: 2, max: 4 },
)

function requirePosition(which: string, value: Value | undefined): number {
  const position = toExactInt32(value)
  if (position === undefined) {
    throw new CommandError(
      'Location40096',
      `$indexOfArray requires an integral ${which} index, found a value of type: ${typeName(value)}, ` +
        `with value: ${show(value)}`,
    )
  }
  if (position >= 0) return position
  throw new CommandError('Location40097', `$indexOfArray requires a nonnegative ${which} index, found: ${position}`)
}
