/** Parts of strings, counted in bytes. */
import { CommandError } from '../base/errors.ts'
import { decodeUtf8, encodeUtf8 } from '../bson/bytes.ts'
import { stringValue } from '../bson/encode.ts'
import type { ExpressionOperator } from './operator.ts'
import { variadic } from './operands.ts'
import { requireOffset } from './string-positions.ts'
import { coerceToText, isContinuation } from './strings.ts'

/** An operator of a text, the index of a byte, and how many bytes; a negative count means all the rest. */
export function byteSubstring(name: string): ExpressionOperator {
  return variadic(
    name,
    ([value, startValue, lengthValue]) => {
      const text = encodeUtf8(coerceToText(value))
      const start = requireOffset(name, startValue, 'starting index')
      const length = requireOffset(name, lengthValue, 'length')
      if (start < 0) {
        throw new CommandError('Location50752', `${name}:  starting index must be non-negative (got: ${start})`)
      }
      const end = length < 0 ? text.length : Math.min(text.length, start + length)
      if (isContinuation(text[start])) {
        throw new CommandError('Location28656', `${name}:  Invalid range, starting index is a UTF-8 continuation byte.`)
      }
      if (start < text.length && isContinuation(text[end])) {
        throw new CommandError(
          'Location28657',
          `${name}:  Invalid range, ending index is in the middle of a UTF-8 character.`,
        )
      }
      return stringValue(start >= end ? '' : decodeUtf8(text, start, end))
    },
    { min: 3, max: 3 },
  )
}
