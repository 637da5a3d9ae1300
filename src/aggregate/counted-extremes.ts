/** $minN and $maxN. */
import { compareValues } from '../bson/compare.ts'
import { arrayValue } from '../bson/encode.ts'
import { isNullish } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import type { Accumulator } from './accumulator.ts'
import { countedAccumulator } from './counted-accumulator.ts'
import { Extremes } from './extremes.ts'

/** The smallest values ascending (`end` is 'first'), or the greatest descending ('last'). */
export function extremesAccumulator(name: string, end: 'first' | 'last'): Accumulator {
  return countedAccumulator(name, 'Location5787900', ({ countMax, memory, collation }) => {
    const held = new Extremes<Value, undefined>(end, countMax, (a, b) => compareValues(a, b, collation))
    return {
      add(input) {
        if (input === undefined || isNullish(input) || !held.accepts(input)) return
        const gone = held.add(memory.keep(input), undefined)
        if (gone !== undefined) memory.drop(gone.key)
      },
      result() {
        const ascending = held.entries().toSorted(held.order)
        const ordered = end === 'first' ? ascending : ascending.toReversed()
        return arrayValue(ordered.map(entry => entry.key))
      },
    }
  })
}
