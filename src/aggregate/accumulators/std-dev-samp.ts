/** `{ $stdDevSamp: expression }` is the standard deviation estimated from a sample; null of fewer than two numbers. */
import { deviationAccumulator } from '../deviation.ts'

export const accumulator = deviationAccumulator('$stdDevSamp', 1)
