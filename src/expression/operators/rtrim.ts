/** $rtrim: a text without the white space, or the given characters, at its end. */
import { trimmer } from '../string-positions.ts'

export const operator = trimmer('$rtrim', { left: false, right: true })
