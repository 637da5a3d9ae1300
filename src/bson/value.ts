/**
 * A BSON value where it lies: its type byte, and the bytes of it in a buffer that never changes.
 *
 * Everything between the wire and the disk works on these. Nothing is decoded that nobody looks at, and what is only
 * passed on (a stored field, the argument of $set) keeps every bit of its type and its bytes. A document is the Uint8Array
 * of exactly its bytes; inside another it is a Value of type `document`. A value that is not there is `undefined`.
 *
 * The bytes were checked when they came in (validate.ts), so the readers here do not check again.
 *
 *   element   type byte | name, cstring | value            document   length int32 | element* | 00
 *
 * Source: bsonspec.org, version 1.1.
 */
import { decodeName, decodeUtf8, readFloat64, readInt32, readInt64, readInt64AsNumber, readUint32 } from './bytes.ts'

export const BsonType = {
  double: 0x01,
  string: 0x02,
  document: 0x03,
  array: 0x04,
  binary: 0x05,
  undefined: 0x06,
  objectId: 0x07,
  bool: 0x08,
  date: 0x09,
  null: 0x0a,
  regex: 0x0b,
  dbPointer: 0x0c,
  code: 0x0d,
  symbol: 0x0e,
  codeWithScope: 0x0f,
  int32: 0x10,
  timestamp: 0x11,
  int64: 0x12,
  decimal128: 0x13,
  maxKey: 0x7f,
  minKey: 0xff,
} as const

export type BsonType = (typeof BsonType)[keyof typeof BsonType]

export class Value {
  readonly type: number
  readonly bytes: Uint8Array
  /** Offset of the value's first byte (behind the element's name) and of the byte after its last. */
  readonly start: number
  readonly end: number

  constructor(type: number, bytes: Uint8Array, start: number, end: number) {
    this.type = type
    this.bytes = bytes
    this.start = start
    this.end = end
  }
}

/** `document` (exactly its bytes) as a value. */
export function documentValue(document: Uint8Array): Value {
  return new Value(BsonType.document, document, 0, document.length)
}

/** The bytes of a document or array value, as a view that shares them. */
export function documentBytes(value: Value): Uint8Array {
  if (value.start === 0 && value.end === value.bytes.length) return value.bytes
  return value.bytes.subarray(value.start, value.end)
}

/** A copy of the value in bytes of its own, for keeping longer than the buffer it lies in. */
export function ownedValue(value: Value): Value {
  // Not `slice`: of a Buffer that is a view, which would keep the whole buffer alive.
  const bytes = new Uint8Array(value.bytes.subarray(value.start, value.end))
  return new Value(value.type, bytes, 0, bytes.length)
}

/** Offset of the byte after a value of `type` that begins at `start`. */
export function valueEnd(type: number, bytes: Uint8Array, start: number): number {
  switch (type) {
    case BsonType.string:
    case BsonType.code:
    case BsonType.symbol:
      return start + 4 + readInt32(bytes, start)
    case BsonType.document:
    case BsonType.array:
    case BsonType.codeWithScope:
      return start + readInt32(bytes, start)
    case BsonType.double:
    case BsonType.date:
    case BsonType.timestamp:
    case BsonType.int64:
      return start + 8
    case BsonType.int32:
      return start + 4
    case BsonType.objectId:
      return start + 12
    case BsonType.bool:
      return start + 1
    case BsonType.binary:
      return start + 5 + readInt32(bytes, start)
    case BsonType.decimal128:
      return start + 16
    case BsonType.dbPointer:
      return start + 4 + readInt32(bytes, start) + 12
    case BsonType.regex:
      return bytes.indexOf(0, bytes.indexOf(0, start) + 1) + 1
    default: // null, undefined, minKey, maxKey
      return start
  }
}

// Each has two faces: asked of a value that is there, a "no" must not make the compiler think that there is no value.

export function isDocument(value: Value): boolean
export function isDocument(value: Value | undefined): value is Value
export function isDocument(value: Value | undefined): boolean {
  return value?.type === BsonType.document
}

export function isArray(value: Value): boolean
export function isArray(value: Value | undefined): value is Value
export function isArray(value: Value | undefined): boolean {
  return value?.type === BsonType.array
}

export function isString(value: Value): boolean
export function isString(value: Value | undefined): value is Value
export function isString(value: Value | undefined): boolean {
  return value?.type === BsonType.string
}

/** Int32, int64, double or decimal128. */
export function isNumber(value: Value): boolean
export function isNumber(value: Value | undefined): value is Value
export function isNumber(value: Value | undefined): boolean {
  if (value === undefined) return false
  const type = value.type
  return type === BsonType.int32 || type === BsonType.double || type === BsonType.int64 || type === BsonType.decimal128
}

/** Missing, null or (deprecated) undefined: what expressions call nullish. */
export function isNullish(value: Value | undefined): boolean {
  return value === undefined || value.type === BsonType.null || value.type === BsonType.undefined
}

// Readers of one type each. The caller has looked at `type`.

export const toBool = (value: Value): boolean => value.bytes[value.start] !== 0
export const toInt32 = (value: Value): number => readInt32(value.bytes, value.start)
export const toInt64 = (value: Value): bigint => readInt64(value.bytes, value.start)
export const toDouble = (value: Value): number => readFloat64(value.bytes, value.start)
/** Milliseconds since 1970 of a date. Exact within ±8.64e15, which is all that JavaScript's Date can show. */
export const toDateMs = (value: Value): number => readInt64AsNumber(value.bytes, value.start)
/** The text of a string, symbol or code. */
export const toText = (value: Value): string =>
  decodeUtf8(value.bytes, value.start + 4, value.start + 3 + readInt32(value.bytes, value.start))
/** As `toText`, for what names something and so comes again and again. */
export const toName = (value: Value): string =>
  decodeName(value.bytes, value.start + 4, value.start + 3 + readInt32(value.bytes, value.start))
/** A timestamp as one unsigned 64-bit number: seconds in the high half, increment in the low. */
export const toTimestamp = (value: Value): bigint => BigInt.asUintN(64, readInt64(value.bytes, value.start))
export const toTimestampParts = (value: Value) => ({
  seconds: readUint32(value.bytes, value.start + 4),
  increment: readUint32(value.bytes, value.start),
})

/** Pattern and options of a regular expression. */
export function toRegexParts(value: Value): { pattern: string; options: string } {
  const patternEnd = value.bytes.indexOf(0, value.start)
  return {
    pattern: decodeUtf8(value.bytes, value.start, patternEnd),
    options: decodeUtf8(value.bytes, patternEnd + 1, value.end - 1),
  }
}

/** Subtype and content of a binary, shared with the value. Of subtype 2 the inner length is left out. */
export function toBinaryParts(value: Value): { subtype: number; content: Uint8Array } {
  const subtype = value.bytes[value.start + 4] as number
  const skip = subtype === 2 ? 9 : 5
  return { subtype, content: value.bytes.subarray(value.start + skip, value.end) }
}

/** A number of any of the four types as the nearest double; int64 and decimal128 may lose digits. NaN for others. */
export function toApproximateNumber(value: Value): number {
  switch (value.type) {
    case BsonType.int32:
      return toInt32(value)
    case BsonType.double:
      return toDouble(value)
    case BsonType.int64:
      return readInt64AsNumber(value.bytes, value.start)
    default:
      return NaN
  }
}

const names: ReadonlyMap<number, string> = new Map(
  Object.entries({ ...BsonType, javascript: BsonType.code, javascriptWithScope: BsonType.codeWithScope })
    .filter(([name]) => name !== 'code' && name !== 'codeWithScope')
    .map(([name, type]) => {
      const spoken = { document: 'object', binary: 'binData', int32: 'int', int64: 'long', decimal128: 'decimal' }
      return [type, spoken[name as keyof typeof spoken] ?? name]
    }),
)

/** The server's name of a type, as `$type` takes it: 'double', 'object', 'binData', 'int', 'long' … 'missing' for none. */
export function typeName(value: Value | undefined): string {
  return value === undefined ? 'missing' : (names.get(value.type) ?? 'invalid')
}
