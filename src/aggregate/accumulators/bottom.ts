/** `{ $bottom: { sortBy, output } }` is the output of the document that comes last. */
import { topAccumulator } from '../ranked-accumulator.ts'

export const accumulator = topAccumulator('$bottom', 'last')
