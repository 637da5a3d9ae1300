/**
 * Arithmetic on BSON numbers with the server's promotion of types: int32 → int64 → double, decimal128 over all. A double
 * that meets a decimal counts with its first 15 digits.
 */
import { CommandError } from '../base/errors.ts'
import { readInt32, readUint32 } from './bytes.ts'
import { decimalOfDouble, decimalOfDoubleRounded, decimalOfInteger, doubleOfDecimal } from './decimal-convert.ts'
import {
  addDecimals,
  decimalInteger,
  decodeDecimal,
  divideDecimals,
  encodeDecimal,
  multiplyDecimals,
  quantizeDecimal,
  remainderDecimals,
  subtractDecimals,
} from './decimal.ts'
import { decimalValue, doubleValue, int32Value, int64Value } from './encode.ts'
import { BsonType, toDouble, toInt32, toInt64 } from './value.ts'
import type { Decimal, Rounding } from './decimal.ts'
import type { Value } from './value.ts'

const longMin = -(2n ** 63n)
const longMax = 2n ** 63n - 1n

export const fitsInt32 = (value: number): boolean => (value | 0) === value

/** int + int is an int, or a long when it does not fit; long overflow becomes a double. `a` and `b` are numbers. */
export function addNumbers(a: Value, b: Value): Value {
  const type = widerType(a, b)
  if (type === BsonType.int32) return wholeNumber(toInt32(a) + toInt32(b))
  if (type === BsonType.double) return doubleValue(toNearestDouble(a) + toNearestDouble(b))
  if (type === BsonType.decimal128) return decimalResult(addDecimals(toDecimal(a), toDecimal(b)))
  return longNumber(toInteger(a) + toInteger(b))
}

export function subtractNumbers(a: Value, b: Value): Value {
  const type = widerType(a, b)
  if (type === BsonType.int32) return wholeNumber(toInt32(a) - toInt32(b))
  if (type === BsonType.double) return doubleValue(toNearestDouble(a) - toNearestDouble(b))
  if (type === BsonType.decimal128) return decimalResult(subtractDecimals(toDecimal(a), toDecimal(b)))
  return longNumber(toInteger(a) - toInteger(b))
}

export function multiplyNumbers(a: Value, b: Value): Value {
  const type = widerType(a, b)
  if (type === BsonType.int32) {
    const product = toInt32(a) * toInt32(b)
    return Number.isSafeInteger(product) ? wholeNumber(product) : longNumber(toInteger(a) * toInteger(b))
  }
  if (type === BsonType.double) return doubleValue(toNearestDouble(a) * toNearestDouble(b))
  if (type === BsonType.decimal128) return decimalResult(multiplyDecimals(toDecimal(a), toDecimal(b)))
  return longNumber(toInteger(a) * toInteger(b))
}

/** Two integers give a double; a decimal on either side gives a decimal. The caller has refused a zero `b`. */
export function divideNumbers(a: Value, b: Value): Value {
  if (widerType(a, b) === BsonType.decimal128) return decimalResult(divideDecimals(toDecimal(a), toDecimal(b)))
  return doubleValue(toNearestDouble(a) / toNearestDouble(b))
}

/** The remainder with the sign of `a`. The caller has refused a zero `b`. An int by a whole double (5 % 3.0) stays an int. */
export function moduloNumbers(a: Value, b: Value): Value {
  if (widerType(a, b) === BsonType.decimal128) return decimalResult(remainderDecimals(toDecimal(a), toDecimal(b)))
  const isWholeDivisor = b.type !== BsonType.double || fitsInt32(toDouble(b))
  if (a.type === BsonType.double || !isWholeDivisor) return doubleValue(toNearestDouble(a) % toNearestDouble(b))
  const divisor = b.type === BsonType.double ? BigInt(toDouble(b)) : toInteger(b)
  const remainder = toInteger(a) % divisor
  return a.type === BsonType.int64 || b.type === BsonType.int64 ? int64Value(remainder) : int32Value(Number(remainder))
}

/**
 * `value` at `places` decimal places (negative: before the point), of the same type; ties go to the even neighbour. A long may
 * be what an int rounds to.
 *
 * @throws CommandError Location51080 when a long rounds past its range.
 */
export function roundNumber(value: Value, places: number, rounding: Rounding): Value {
  switch (value.type) {
    case BsonType.decimal128:
      return decimalResult(quantizeDecimal(decodeDecimal(value), -places, rounding))
    case BsonType.double:
      return roundDouble(value, places, rounding)
    default: {
      if (places >= 0) return value
      const rounded = decimalInteger(quantizeDecimal(decimalOfInteger(toInteger(value)), -places, rounding)) ?? 0n
      if (rounded < longMin || rounded > longMax) {
        throw new CommandError('Location51080', `rounding ${toInteger(value)} to ${places} places gives no long`)
      }
      const isInt = value.type === BsonType.int32 && BigInt.asIntN(32, rounded) === rounded
      return isInt ? int32Value(Number(rounded)) : int64Value(rounded)
    }
  }
}

function roundDouble(value: Value, places: number, rounding: Rounding): Value {
  const double = toDouble(value)
  if (!Number.isFinite(double) || double === 0) return value
  if (places === 0 && rounding === 'floor') return doubleValue(Math.floor(double))
  if (places === 0 && rounding === 'ceil') return doubleValue(Math.ceil(double))
  if (places === 0 && rounding === 'trunc') return doubleValue(Math.trunc(double))
  return doubleValue(doubleOfDecimal(quantizeDecimal(decimalOfDouble(double), -places, rounding)))
}

/** The value as an integer if it is exactly one that fits into int64; undefined otherwise (NaN, 1.5, too large). */
export function toExactInteger(value: Value): bigint | undefined {
  switch (value.type) {
    case BsonType.int32:
    case BsonType.int64:
      return toInteger(value)
    case BsonType.double: {
      const double = toDouble(value)
      return Number.isInteger(double) && double >= -(2 ** 63) && double < 2 ** 63 ? BigInt(double) : undefined
    }
    case BsonType.decimal128: {
      const integer = decimalInteger(decodeDecimal(value))
      return integer !== undefined && integer >= longMin && integer <= longMax ? integer : undefined
    }
    default:
      return undefined
  }
}

/** The nearest double of any of the four number types, decimals included. */
export function toNearestDouble(value: Value): number {
  switch (value.type) {
    case BsonType.int32:
      return toInt32(value)
    case BsonType.double:
      return toDouble(value)
    case BsonType.int64: {
      const high = readInt32(value.bytes, value.start + 4)
      // Below 2^53 both halves add up without rounding.
      if (high >= -0x20_0000 && high < 0x20_0000) return high * 0x1_0000_0000 + readUint32(value.bytes, value.start)
      return Number(toInt64(value))
    }
    default:
      return doubleOfDecimal(decodeDecimal(value))
  }
}

/** A number of any of the four types as a decimal: a double rounded to its 15 sure digits, the others exactly. */
export function toDecimal(value: Value): Decimal {
  switch (value.type) {
    case BsonType.decimal128:
      return decodeDecimal(value)
    case BsonType.double:
      return decimalOfDoubleRounded(toDouble(value))
    default:
      return decimalOfInteger(toInteger(value))
  }
}

/** A double or decimal that is not a number. False for everything else. */
export const isNaNValue = (value: Value): boolean =>
  value.type === BsonType.double
    ? Number.isNaN(toDouble(value))
    : value.type === BsonType.decimal128 && decodeDecimal(value).kind === 'nan'

const decimalResult = (decimal: Decimal): Value => decimalValue(encodeDecimal(decimal))

/** An int32 or int64 as a bigint. */
const toInteger = (value: Value): bigint => (value.type === BsonType.int32 ? BigInt(toInt32(value)) : toInt64(value))

/** A safe integer: an int32 where it fits, else an int64. */
const wholeNumber = (value: number): Value => (fitsInt32(value) ? int32Value(value) : int64Value(BigInt(value)))

/** An int64, or the nearest double of what does not fit. */
const longNumber = (value: bigint): Value =>
  value >= longMin && value <= longMax ? int64Value(value) : doubleValue(Number(value))

function widerType(a: Value, b: Value): number {
  if (a.type === b.type) return a.type
  if (a.type === BsonType.decimal128 || b.type === BsonType.decimal128) return BsonType.decimal128
  if (a.type === BsonType.double || b.type === BsonType.double) return BsonType.double
  return BsonType.int64
}
