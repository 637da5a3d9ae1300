/** `{ $maxN: { input, n } }` is an array of the greatest values, descending; null and missing do not count. */
import { extremesAccumulator } from '../counted-extremes.ts'

export const accumulator = extremesAccumulator('$maxN', 'last')
