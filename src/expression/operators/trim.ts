/** $trim: a text without the white space, or the given characters, at both ends. */
import { trimmer } from '../string-positions.ts'

export const operator = trimmer('$trim', { left: true, right: true })
