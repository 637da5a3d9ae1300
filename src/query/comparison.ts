/**
 * Comparisons of a document's values with a constant, on their bytes.
 *
 * Values compare only with their like: a number with numbers of any type, a string with strings and symbols, null
 * with null and with what is missing; MinKey and MaxKey with everything. NaN equals NaN and is neither less nor
 * greater than a number.
 */
import { readFloat64, readInt32, readUint32 } from '../bson/bytes.ts'
import { compareValues, equalValues, typeClass } from '../bson/compare.ts'
import type { Collation } from '../bson/collation.ts'
import { CommandError } from '../base/errors.ts'
import { isNaNValue, toNearestDouble } from '../bson/number.ts'
import { BsonType, Value, isNumber, toInt64 } from '../bson/value.ts'
import { type ValueTest, missingType } from './operator.ts'

/** Which orders pass: a sum of these. */
export const less = 1
export const equal = 2
export const greater = 4

/** @throws CommandError BadValue when the constant is of the deprecated type undefined. */
export function compileComparison(orders: number, constant: Value, collation: Collation | undefined): ValueTest {
  switch (constant.type) {
    case BsonType.undefined:
      throw new CommandError('BadValue', 'cannot compare to undefined')
    case BsonType.null:
      return (orders & equal) !== 0 ? isNullOrMissing : never
    case BsonType.minKey:
      return compareKey(orders, { key: BsonType.minKey, others: greater })
    case BsonType.maxKey:
      return compareKey(orders, { key: BsonType.maxKey, others: less })
    case BsonType.int32:
    case BsonType.int64:
    case BsonType.double:
    case BsonType.decimal128:
      return compareNumber(orders, constant)
    case BsonType.string:
    case BsonType.symbol:
      if (collation !== undefined) return compareAny(orders, constant, collation)
      return orders === equal ? equalText(constant) : compareText(orders, constant)
    case BsonType.objectId:
      return compareObjectId(orders, constant)
    case BsonType.date:
    case BsonType.timestamp:
      return compareInstant(orders, constant)
    default:
      return compareAny(orders, constant, collation)
  }
}

const never: ValueTest = () => false
const isNullOrMissing: ValueTest = type => type === BsonType.null || type === missingType

function compareKey(orders: number, { key, others }: { key: number; others: number }): ValueTest {
  const forKey = (orders & equal) !== 0
  const forOthers = (orders & others) !== 0
  return type => (type === key ? forKey : forOthers)
}

function compareNumber(orders: number, constant: Value): ValueTest {
  const withEqual = (orders & equal) !== 0
  if (isNaNValue(constant)) {
    return (type, bytes, start, end) => withEqual && isNaNValue(new Value(type, bytes, start, end))
  }
  const slow = compareNumberSlowly(orders, constant)
  const number = exactDouble(constant)
  if (number === undefined) return slow
  return (type, bytes, start, end) => {
    let value: number
    if (type === BsonType.int32) value = readInt32(bytes, start)
    else if (type === BsonType.double) value = readFloat64(bytes, start)
    else if (type === BsonType.int64 && isExactInt64(bytes, start)) value = readExactInt64(bytes, start)
    else return (type === BsonType.int64 || type === BsonType.decimal128) && slow(type, bytes, start, end)
    return (orders & (value < number ? less : value > number ? greater : value === number ? equal : 0)) !== 0
  }
}

/** The double that is exactly this number, which is not NaN; undefined when there is none. */
export function exactDouble(value: Value): number | undefined {
  const double = toNearestDouble(value)
  if (value.type === BsonType.int64) return BigInt(double) === toInt64(value) ? double : undefined
  if (value.type !== BsonType.decimal128) return double
  const asDouble = new Value(BsonType.double, new Uint8Array(new Float64Array([double]).buffer), 0, 8)
  return equalValues(asDouble, value) ? double : undefined
}

/** Whether the int64 at `start` is between -2^53 and 2^53, where a double can be every integer. */
export function isExactInt64(bytes: Uint8Array, start: number): boolean {
  const high = readInt32(bytes, start + 4)
  return high >= -0x20_0000 && high < 0x20_0000
}

export const readExactInt64 = (bytes: Uint8Array, start: number): number =>
  readInt32(bytes, start + 4) * 0x1_0000_0000 + readUint32(bytes, start)

function compareNumberSlowly(orders: number, constant: Value): ValueTest {
  return (type, bytes, start, end) => {
    const value = new Value(type, bytes, start, end)
    return isNumber(value) && !isNaNValue(value) && isAmong(orders, compareValues(value, constant))
  }
}

const isAmong = (orders: number, order: number): boolean =>
  (orders & (order < 0 ? less : order > 0 ? greater : equal)) !== 0

// length int32 | text | 00
function equalText(constant: Value): ValueTest {
  const text = constant.bytes.subarray(constant.start + 4, constant.end - 1)
  const length = text.length
  return (type, bytes, start, end) => {
    if (type !== BsonType.string && type !== BsonType.symbol) return false
    if (end - start !== length + 5) return false
    const from = start + 4
    for (let at = 0; at < length; at++) if (bytes[from + at] !== text[at]) return false
    return true
  }
}

function compareText(orders: number, constant: Value): ValueTest {
  const text = constant.bytes.subarray(constant.start + 4, constant.end - 1)
  return (type, bytes, start, end) =>
    (type === BsonType.string || type === BsonType.symbol) &&
    isAmong(orders, compareBytes(bytes, start + 4, text, end - start - 5))
}

/** The order of `length` bytes at `start` and all of `other`; the order of UTF-8 is that of code points. */
function compareBytes(bytes: Uint8Array, start: number, other: Uint8Array, length: number): number {
  const common = Math.min(length, other.length)
  for (let at = 0; at < common; at++) {
    const difference = (bytes[start + at] as number) - (other[at] as number)
    if (difference !== 0) return difference
  }
  return length - other.length
}

function compareObjectId(orders: number, constant: Value): ValueTest {
  const id = constant.bytes.subarray(constant.start, constant.end)
  return (type, bytes, start) => type === BsonType.objectId && isAmong(orders, compareBytes(bytes, start, id, 12))
}

/** Dates are signed, timestamps are not; both lie as int64. */
function compareInstant(orders: number, constant: Value): ValueTest {
  const { type: wanted } = constant
  const readHigh = wanted === BsonType.date ? readInt32 : readUint32
  const high = readHigh(constant.bytes, constant.start + 4)
  const low = readUint32(constant.bytes, constant.start)
  return (type, bytes, start) =>
    type === wanted && isAmong(orders, readHigh(bytes, start + 4) - high || readUint32(bytes, start) - low)
}

function compareAny(orders: number, constant: Value, collation: Collation | undefined): ValueTest {
  const wanted = typeClass(constant)
  if (orders === equal) {
    return (type, bytes, start, end) => {
      const value = new Value(type, bytes, start, end)
      return typeClass(value) === wanted && equalValues(value, constant, collation)
    }
  }
  return (type, bytes, start, end) => {
    const value = new Value(type, bytes, start, end)
    return typeClass(value) === wanted && isAmong(orders, compareValues(value, constant, collation))
  }
}
