/** `{ $topN: { sortBy, output, n } }` is an array of the outputs of the documents that come first. */
import { topNAccumulator } from '../ranked-accumulator.ts'

export const accumulator = topNAccumulator('$topN', 'first')
