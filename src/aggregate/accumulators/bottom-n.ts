/** `{ $bottomN: { sortBy, output, n } }` is an array of the outputs of the documents that come last, in the order of sortBy. */
import { topNAccumulator } from '../ranked-accumulator.ts'

export const accumulator = topNAccumulator('$bottomN', 'last')
