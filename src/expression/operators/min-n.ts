/** $minN: the smallest items of an array, at most `n`, ascending; null does not count. */
import { isNullish } from '../../bson/value.ts'
import { counted } from '../accumulations.ts'
import { comparison } from '../comparison.ts'

export const operator = counted('$minN', 'Location5787900', (items, countMax, helpers) =>
  items
    .filter(item => !isNullish(item))
    .toSorted(comparison(helpers, items.length))
    .slice(0, countMax),
)
