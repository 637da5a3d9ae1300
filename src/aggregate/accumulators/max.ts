/** `{ $max: expression }` is the greatest value. */
import { extremeAccumulator } from '../kept-value.ts'

export const accumulator = extremeAccumulator('$max', 'last')
