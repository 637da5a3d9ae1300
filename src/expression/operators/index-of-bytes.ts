/** $indexOfBytes: the byte at which a string begins in another one, or -1. */
import { indexOperator } from '../string-positions.ts'
import { utf8Of } from '../strings.ts'

export const operator = indexOperator('$indexOfBytes', ['Location40091', 'Location40092'], haystack => {
  const bytes = Buffer.from(utf8Of(haystack.text))
  const end = Math.min(haystack.end, bytes.length)
  const needle = utf8Of(haystack.needle)
  if (haystack.start > end) return -1
  const found = bytes.subarray(0, end).indexOf(needle, haystack.start)
  return found <= end - needle.length ? found : -1
})
