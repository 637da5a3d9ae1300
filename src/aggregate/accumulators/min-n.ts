/** `{ $minN: { input, n } }` is an array of the smallest values, ascending; null and missing do not count. */
import { extremesAccumulator } from '../counted-extremes.ts'

export const accumulator = extremesAccumulator('$minN', 'first')
