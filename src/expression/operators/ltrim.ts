/** $ltrim: a text without the white space, or the given characters, at its beginning. */
import { trimmer } from '../string-positions.ts'

export const operator = trimmer('$ltrim', { left: true, right: false })
