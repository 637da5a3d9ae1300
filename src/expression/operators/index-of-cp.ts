/** $indexOfCP: the code point at which a string begins in another one, or -1. */
import { toText } from '../../bson/value.ts'
import { indexOperator } from '../string-positions.ts'
import { codePointCount, unitIndexOf } from '../strings.ts'

export const operator = indexOperator('$indexOfCP', ['Location40093', 'Location40094'], haystack => {
  const text = toText(haystack.text)
  const count = codePointCount(text)
  const end = Math.min(haystack.end, count)
  if (haystack.start > end) return -1
  const start = unitIndexOf(text, haystack.start)
  const found = text.slice(0, unitIndexOf(text, end)).indexOf(toText(haystack.needle), start)
  return found === -1 ? -1 : codePointCount(text.slice(0, found))
})
