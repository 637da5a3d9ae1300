/**
 * The total order of BSON values, across types:
 *
 *   MinKey < missing, undefined < null < numbers < string, symbol < object < array < binData < ObjectId < bool
 *     < date < timestamp < regex < dbPointer < code < codeWithScope < MaxKey
 *
 * Numbers compare by exact value whatever their types; NaN is below all of them. Source: MongoDB manual, "Comparison/sort order".
 */
import { readFloat64, readInt32, readUint32 } from './bytes.ts'
import { codeOf, scopeOf } from './code-with-scope.ts'
import { compareDecimalToDouble, decimalOfInteger } from './decimal-convert.ts'
import { compareDecimals, decodeDecimal } from './decimal.ts'
import { ElementReader } from './reader.ts'
import { BsonType, toInt64, toText } from './value.ts'
import type { Collation } from './collation.ts'
import type { Value } from './value.ts'

const missingClass = 0
const numberClass = 10

// Indexed by type byte. The numbers leave room as the server's do; only their order means anything.
const classes = new Int8Array(256).fill(-128)
for (const [type, typeClass] of [
  [BsonType.minKey, -1],
  [BsonType.undefined, missingClass],
  [BsonType.null, 5],
  [BsonType.int32, numberClass],
  [BsonType.int64, numberClass],
  [BsonType.double, numberClass],
  [BsonType.decimal128, numberClass],
  [BsonType.string, 15],
  [BsonType.symbol, 15],
  [BsonType.document, 20],
  [BsonType.array, 25],
  [BsonType.binary, 30],
  [BsonType.objectId, 35],
  [BsonType.bool, 40],
  [BsonType.date, 45],
  [BsonType.timestamp, 47],
  [BsonType.regex, 50],
  [BsonType.dbPointer, 55],
  [BsonType.code, 60],
  [BsonType.codeWithScope, 65],
  [BsonType.maxKey, 127],
] as const) {
  classes[type] = typeClass
}

const classOfType = (type: number): number => classes[type] as number

/** The canonical class of a type: values of different classes order by it (numbers are one class, string and symbol too). */
export function typeClass(value: Value | undefined): number {
  return value === undefined ? missingClass : classOfType(value.type)
}

/** Negative, zero or positive. A missing value is before null and after MinKey. Numbers compare by value across types. */
export function compareValues(a: Value | undefined, b: Value | undefined, collation?: Collation): number {
  if (a === undefined || b === undefined) return typeClass(a) - typeClass(b)
  if (a.type === b.type) return compareSameType(a, b, collation)
  const order = classOfType(a.type) - classOfType(b.type)
  if (order !== 0) return order
  switch (classOfType(a.type)) {
    case numberClass:
      return compareNumbers(a, b)
    case missingClass:
      return 0
    default: // a string and a symbol
      return compareTexts(a, b, collation)
  }
}

/** Whether two values are equal in that order; quicker where their bytes are the same. */
export function equalValues(a: Value | undefined, b: Value | undefined, collation?: Collation): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return typeClass(a) === typeClass(b)
  if (a.type === b.type) {
    if (a.end - a.start === b.end - b.start && sameRange(a, b)) return true
    if (isItsBytes(a.type) && collation === undefined) return false
  }
  return compareValues(a, b, collation) === 0
}

/** Types whose values are equal only if their bytes are: no −0, no 1.0 and 1.00, nothing inside. */
function isItsBytes(type: number): boolean {
  return type === BsonType.string || type === BsonType.int32 || type === BsonType.objectId || type === BsonType.int64
}

function sameRange(a: Value, b: Value): boolean {
  const left = a.bytes
  const right = b.bytes
  const length = a.end - a.start
  if (length > nativeFrom) return compareRanges(a, b, 0) === 0
  for (let index = 0; index < length; index++) {
    if (left[a.start + index] !== right[b.start + index]) return false
  }
  return true
}

function compareSameType(a: Value, b: Value, collation: Collation | undefined): number {
  switch (a.type) {
    case BsonType.int32:
      return compareAscending(readInt32(a.bytes, a.start), readInt32(b.bytes, b.start))
    case BsonType.double:
      return compareDoubles(readFloat64(a.bytes, a.start), readFloat64(b.bytes, b.start))
    case BsonType.objectId:
      return compareRanges(a, b, 0)
    case BsonType.string:
    case BsonType.symbol:
      return compareTexts(a, b, collation)
    case BsonType.int64:
    case BsonType.date:
      return (
        compareAscending(readInt32(a.bytes, a.start + 4), readInt32(b.bytes, b.start + 4)) ||
        compareAscending(readUint32(a.bytes, a.start), readUint32(b.bytes, b.start))
      )
    case BsonType.timestamp:
      return (
        compareAscending(readUint32(a.bytes, a.start + 4), readUint32(b.bytes, b.start + 4)) ||
        compareAscending(readUint32(a.bytes, a.start), readUint32(b.bytes, b.start))
      )
    case BsonType.decimal128:
      return compareDecimals(decodeDecimal(a), decodeDecimal(b))
    case BsonType.document:
      return compareDocuments(a, b, collation)
    case BsonType.array:
      return compareArrays(a, b, collation)
    case BsonType.bool:
      return (a.bytes[a.start] as number) - (b.bytes[b.start] as number)
    case BsonType.binary:
    case BsonType.dbPointer:
      // The length first, then (behind its four bytes) subtype and content, or namespace and id.
      return a.end - a.start - (b.end - b.start) || compareRanges(a, b, 4)
    case BsonType.code:
      return compareRanges(a, b, 4)
    case BsonType.regex:
      return compareRanges(a, b, 0)
    case BsonType.codeWithScope:
      return compareCodeWithScope(a, b, collation)
    default: // undefined, null, minKey, maxKey: there is only one of each
      return 0
  }
}

const compareAscending = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0)

function compareDoubles(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return 0
  // At least one NaN.
  return Number.isNaN(a) ? (Number.isNaN(b) ? 0 : -1) : 1
}

/** A call into native code costs more than a short loop; past this many bytes it is worth it. */
const nativeFrom = 32

/** memcmp of two values from `skip` bytes on. What is a prefix of the other comes first: the terminating 00 is part of both. */
function compareRanges(a: Value, b: Value, skip: number): number {
  const left = a.bytes
  const right = b.bytes
  let at = a.start + skip
  let other = b.start + skip
  const common = Math.min(a.end - at, b.end - other)
  const stop = at + Math.min(common, nativeFrom)
  for (; at < stop; at++, other++) {
    const difference = (left[at] as number) - (right[other] as number)
    if (difference !== 0) return difference
  }
  if (common > nativeFrom) {
    // Buffer's method takes offsets, and works on any Uint8Array.
    return Buffer.prototype.compare.call(left, right, other, b.end, at, a.end)
  }
  return a.end - at - (b.end - other)
}

function compareTexts(a: Value, b: Value, collation: Collation | undefined): number {
  if (collation !== undefined) return collation.compare(toText(a), toText(b))
  const left = a.bytes
  const right = b.bytes
  const leftEnd = a.end - 1
  const rightEnd = b.end - 1
  let at = a.start + 4
  let other = b.start + 4
  const common = Math.min(leftEnd - at, rightEnd - other)
  const stop = at + Math.min(common, nativeFrom)
  for (; at < stop; at++, other++) {
    const difference = (left[at] as number) - (right[other] as number)
    if (difference !== 0) return difference
  }
  if (common > nativeFrom) return Buffer.prototype.compare.call(left, right, other, rightEnd, at, leftEnd)
  return leftEnd - at - (rightEnd - other)
}

function compareNumbers(a: Value, b: Value): number {
  // Decimals and longs go to the left, so that each pair is written once. (0 − x, for −0 is no order.)
  if (a.type === BsonType.decimal128) return compareDecimalTo(a, b)
  if (b.type === BsonType.decimal128) return 0 - compareDecimalTo(b, a)
  if (a.type === BsonType.int64) return compareLongTo(a, smallNumber(b))
  if (b.type === BsonType.int64) return 0 - compareLongTo(b, smallNumber(a))
  return compareDoubles(smallNumber(a), smallNumber(b))
}

const smallNumber = (value: Value): number =>
  value.type === BsonType.int32 ? readInt32(value.bytes, value.start) : readFloat64(value.bytes, value.start)

/** A long and a double, exactly: beyond 2^53 turning one into the other would lose digits. */
function compareLongTo(long: Value, double: number): number {
  if (Number.isNaN(double)) return 1
  if (double >= 2 ** 63) return -1
  if (double < -(2 ** 63)) return 1
  const whole = Math.floor(double)
  const high = Math.floor(whole / 2 ** 32)
  const order =
    compareAscending(readInt32(long.bytes, long.start + 4), high) ||
    compareAscending(readUint32(long.bytes, long.start), whole - high * 2 ** 32)
  return order === 0 && whole !== double ? -1 : order
}

function compareDecimalTo(decimal: Value, other: Value): number {
  if (other.type === BsonType.int64) return compareDecimals(decodeDecimal(decimal), decimalOfInteger(toInt64(other)))
  return compareDecimalToDouble(decodeDecimal(decimal), smallNumber(other))
}

/** Field by field: the classes of their types, their names, their values; then the shorter one first. */
function compareDocuments(a: Value, b: Value, collation: Collation | undefined): number {
  const left = ElementReader.of(a)
  const right = ElementReader.of(b)
  while (left.next()) {
    if (!right.next()) return 1
    const order =
      classOfType(left.type) - classOfType(right.type) ||
      compareNames(left, right) ||
      compareValues(left.value, right.value, collation)
    if (order !== 0) return order
  }
  return right.next() ? -1 : 0
}

function compareNames(left: ElementReader, right: ElementReader): number {
  let at = left.nameStart
  let other = right.nameStart
  for (; ; at++, other++) {
    // Both names end with 00, below every other byte: a prefix comes first.
    const byte = left.bytes[at] as number
    const difference = byte - (right.bytes[other] as number)
    if (difference !== 0 || byte === 0) return difference
  }
}

/** Item by item, whatever their names; then the shorter one first. */
function compareArrays(a: Value, b: Value, collation: Collation | undefined): number {
  const left = ElementReader.of(a)
  const right = ElementReader.of(b)
  while (left.next()) {
    if (!right.next()) return 1
    const order = compareValues(left.value, right.value, collation)
    if (order !== 0) return order
  }
  return right.next() ? -1 : 0
}

function compareCodeWithScope(a: Value, b: Value, collation: Collation | undefined): number {
  return compareRanges(codeOf(a), codeOf(b), 4) || compareDocuments(scopeOf(a), scopeOf(b), collation)
}
