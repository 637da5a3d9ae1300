/** `{ $top: { sortBy, output } }` is the output of the document that comes first. */
import { topAccumulator } from '../ranked-accumulator.ts'

export const accumulator = topAccumulator('$top', 'first')
