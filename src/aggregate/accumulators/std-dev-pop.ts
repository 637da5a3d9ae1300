/** `{ $stdDevPop: expression }` is the standard deviation of a whole population; null of no numbers. */
import { deviationAccumulator } from '../deviation.ts'

export const accumulator = deviationAccumulator('$stdDevPop', 0)
