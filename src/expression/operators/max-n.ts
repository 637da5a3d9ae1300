/** $maxN: the greatest items of an array, at most `n`, descending; null does not count. */
import { compareValues } from '../../bson/compare.ts'
import { isNullish } from '../../bson/value.ts'
import { counted } from '../accumulations.ts'

export const operator = counted('$maxN', 'Location5787900', (items, countMax, collation) =>
  items
    .filter(item => !isNullish(item))
    .toSorted((a, b) => compareValues(b, a, collation))
    .slice(0, countMax)
    // Of equal items those that come first are taken, and stand the other way round, as in the server's answers.
    .toSorted((a, b) => compareValues(a, b, collation))
    .toReversed(),
)
