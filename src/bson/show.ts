/** Values as text for error messages, in the server's shell-like form: `{ a: 1, b: "x" }`. */
import { Bug } from '../base/assert.ts'
import type { Value } from './value.ts'

/** One line; what is longer than about 150 characters is cut and ends with `...`. */
export function show(_value: Value | undefined): string {
  throw new Bug('not written yet')
}
