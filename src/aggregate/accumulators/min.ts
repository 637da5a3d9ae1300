/** `{ $min: expression }` is the smallest value. */
import { extremeAccumulator } from '../kept-value.ts'

export const accumulator = extremeAccumulator('$min', 'first')
