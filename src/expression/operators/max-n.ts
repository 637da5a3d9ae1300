/** $maxN: the greatest items of an array, at most `n`, descending; null does not count. */
import { isNullish } from '../../bson/value.ts'
import { counted } from '../accumulations.ts'
import { comparison } from '../comparison.ts'

export const operator = counted('$maxN', 'Location5787900', (items, countMax, helpers) => {
  const compare = comparison(helpers, items.length)
  return (
    items
      .filter(item => !isNullish(item))
      .toSorted((a, b) => compare(b, a))
      .slice(0, countMax)
      // Of equal items those that come first are taken, and stand the other way round, as in the server's answers.
      .toSorted(compare)
      .toReversed()
  )
})
