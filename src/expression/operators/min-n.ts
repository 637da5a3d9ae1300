/** $minN: the smallest items of an array, at most `n`, ascending; null does not count. */
import { compareValues } from '../../bson/compare.ts'
import { isNullish } from '../../bson/value.ts'
import { counted } from '../accumulations.ts'

export const operator = counted('$minN', 'Location5787900', (items, countMax, collation) =>
  items
    .filter(item => !isNullish(item))
    .toSorted((a, b) => compareValues(a, b, collation))
    .slice(0, countMax),
)
