/** $substrBytes: a part of a text, from one byte on and so many bytes long. */
import { byteSubstring } from '../substrings.ts'

export const operator = byteSubstring('$substrBytes')
