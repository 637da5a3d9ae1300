/** Checks bytes from outside before anything else looks at them. */
import { Bug } from '../base/assert.ts'

/**
 * Refuses bytes that are not one whole, well-formed BSON document: lengths, terminators, types, UTF-8, booleans, depth.
 *
 * @throws CommandError InvalidBSON, Overflow for nesting deeper than `documentDepthMax`. Says where.
 */
export function validateDocument(_bytes: Uint8Array, _start: number, _end: number): void {
  throw new Bug('not written yet')
}
