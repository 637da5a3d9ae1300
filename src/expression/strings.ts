/** Strings as operands: what can be taken for one, and positions in them. */
import { CommandError } from '../base/errors.ts'
import { decimalText } from '../bson/decimal-convert.ts'
import { decodeDecimal } from '../bson/decimal.ts'
import {
  BsonType,
  type Value,
  toDateMs,
  toDouble,
  toInt32,
  toInt64,
  toText,
  toTimestampParts,
  typeName,
} from '../bson/value.ts'
import { isoText } from './date-format.ts'

/**
 * A double as the server prints it: the shortest digits that mean it, with an exponent (of two digits at least) from 10^16 on and
 * below 10^-4.
 */
export function doubleText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value < 0 ? '-Infinity' : 'Infinity'
  const size = Math.abs(value)
  if (size >= 1e-4 && size < 1e16) return String(value)
  const [mantissa = '', exponent = ''] = value.toExponential().split('e')
  return `${mantissa}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`
}

/** A number of any type as text. */
export function numberText(value: Value): string {
  switch (value.type) {
    case BsonType.int32:
      return String(toInt32(value))
    case BsonType.int64:
      return String(toInt64(value))
    case BsonType.double:
      return doubleText(toDouble(value))
    default:
      return decimalText(decodeDecimal(value))
  }
}

/**
 * Strings, symbols and code as they are, numbers and dates written out, nothing of null and the missing.
 *
 * @throws CommandError 16007 for other types.
 */
export function coerceToText(value: Value | undefined): string {
  if (value === undefined) return ''
  switch (value.type) {
    case BsonType.string:
    case BsonType.symbol:
    case BsonType.code:
      return toText(value)
    case BsonType.int32:
    case BsonType.int64:
    case BsonType.double:
    case BsonType.decimal128:
      return numberText(value)
    case BsonType.date:
      return isoText(toDateMs(value))
    case BsonType.timestamp: {
      const { seconds, increment } = toTimestampParts(value)
      return `Timestamp(${seconds}, ${increment})`
    }
    case BsonType.null:
    case BsonType.undefined:
      return ''
    default:
      throw new CommandError('Location16007', `can't convert from BSON type ${typeName(value)} to String`)
  }
}

/** How many code points a text has. */
export function codePointCount(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++, count++) if (isPair(text, at)) at++
  return count
}

/** The index of the code unit at which the code point with that index begins; the text's length when there is none. */
export function unitIndexOf(text: string, codePointIndex: number): number {
  let at = 0
  for (let count = 0; count < codePointIndex && at < text.length; count++) at += isPair(text, at) ? 2 : 1
  return at
}

function isPair(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0xd800 && code < 0xdc00 && at + 1 < text.length
}

/** The UTF-8 of a string where it lies, without its length and its final 00. */
export const utf8Of = (text: Value): Uint8Array => text.bytes.subarray(text.start + 4, text.end - 1)

/** Whether a byte is inside of a character and not at its beginning. */
export const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** A text with its ASCII letters small, and all others as they are. */
export const asciiLower = (text: string): string => text.replace(/[A-Z]+/g, letters => letters.toLowerCase())

/** A text with its ASCII letters capital, and all others as they are. */
export const asciiUpper = (text: string): string => text.replace(/[a-z]+/g, letters => letters.toUpperCase())
