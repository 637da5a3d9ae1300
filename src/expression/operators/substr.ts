/** $substr: the older name of $substrBytes. */
import { byteSubstring } from '../substrings.ts'

export const operator = byteSubstring('$substr')
