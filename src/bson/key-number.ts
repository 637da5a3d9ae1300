/**
 * Numbers in a KeyString: equal values of different types have equal bytes, and the order of bytes is that of the values.
 *
 *   1E NaN      1F ≤ −2^63, −infinity      20 … 27 negative, whole part of 8 … 1 bytes      28 −1 < x < 0      29 zero
 *   33 ≥ 2^63, infinity                    2B … 32 positive, whole part of 1 … 8 bytes      2A 0 < x < 1
 *
 *   whole part    twice the magnitude, big-endian, in the fewest bytes; its last bit is set when a fraction follows, in as
 *                 many bytes as make eight of both
 *   last bits     the decimal continuation marker: how a decimal stands to the double that is written (see `Marker`)
 *
 * Of a negative number all bytes behind the first are complemented. Source: MongoDB, src/mongo/db/storage/key_string, version 1.
 */
import { readFloat64, readInt32, readUint32 } from './bytes.ts'
import {
  compareDecimalToDouble,
  decimalOfDouble,
  decimalOfDoubleRounded,
  doubleOfDecimalTowardZero,
  normalizedParts,
} from './decimal-convert.ts'
import { compareDecimals, decodeDecimal, exponentMin, powerOfTen, quantizeDecimal, roundedDecimal } from './decimal.ts'
import { TypeBit } from './key-buffer.ts'
import { BsonType } from './value.ts'
import type { Decimal } from './decimal.ts'
import type { KeyBuffer } from './key-buffer.ts'
import type { Value } from './value.ts'

export const NumberByte = {
  nan: 0x1e,
  negativeLarge: 0x1f,
  negativeWhole: 0x27,
  negativeSmall: 0x28,
  zero: 0x29,
  positiveSmall: 0x2a,
  positiveWhole: 0x2b,
  positiveLarge: 0x33,
} as const

/** How the decimal stands to the double that is written for it. Where there is room for one bit only, it says `less` or not. */
export const Marker = {
  /** It is the double. */
  equal: 0,
  /** A continuation follows; it is less than the double rounded up to 15 digits. */
  less: 1,
  /** It is the double rounded up to 15 digits. */
  rounded: 2,
  /** A continuation follows; it is greater than the double rounded up to 15 digits. */
  greater: 3,
} as const

type Marker = (typeof Marker)[keyof typeof Marker]

/** From here on a double has no room for its whole part in eight bytes. */
export const largeFrom = 2 ** 63
/** Below this the bits of a double are shifted by one only, so that the marker has one bit. */
export const tinyBelow = 2 ** -255
const smallestNormal = 2 ** -1022

const scratch = new DataView(new ArrayBuffer(8))

export function writeNumber(key: KeyBuffer, value: Value): void {
  const { bytes, start } = value
  switch (value.type) {
    case BsonType.int32:
      return writeInt(key, readInt32(bytes, start))
    case BsonType.int64:
      key.typeBits(TypeBit.long, 2)
      return writeLong(key, readInt32(bytes, start + 4), readUint32(bytes, start))
    case BsonType.double: {
      const double = readFloat64(bytes, start)
      if (Object.is(double, -0)) key.typeBits(0b11000, 5)
      else key.typeBits(TypeBit.double, 2)
      return writeDouble(key, double)
    }
    default:
      return writeDecimal(key, decodeDecimal(value))
  }
}

/** An int32. */
export function writeInt(key: KeyBuffer, int: number): void {
  key.typeBits(TypeBit.int, 2)
  writeWhole(key, 0, int < 0 ? -int : int, int < 0)
}

function writeLong(key: KeyBuffer, high: number, low: number): void {
  if (high >= 0) return writeWhole(key, high, low, false)
  if (high === -0x8000_0000 && low === 0) return writeDouble(key, -largeFrom)
  const magnitudeLow = -low >>> 0
  writeWhole(key, (magnitudeLow === 0 ? -high : ~high) >>> 0, magnitudeLow, true)
}

function writeDouble(key: KeyBuffer, double: number): void {
  if (Number.isNaN(double)) return key.byte(NumberByte.nan)
  const negative = double < 0
  const magnitude = negative ? -double : double
  if (magnitude >= largeFrom) return writeLarge(key, magnitude, negative, 0)
  const whole = Math.floor(magnitude)
  if (whole === magnitude) {
    const high = Math.floor(whole / 2 ** 32)
    return writeWhole(key, high, whole - high * 2 ** 32, negative)
  }
  if (magnitude >= 1) return writeFractional(key, magnitude, negative, Marker.equal)
  return writeSmall(key, magnitude, negative, Marker.equal)
}

/** A whole number below 2^63, its magnitude as two unsigned halves. `fraction` is the last bit. */
function writeWhole(key: KeyBuffer, high: number, low: number, negative: boolean, fraction: 0 | 1 = 0): void {
  if (high === 0 && low === 0) return key.byte(NumberByte.zero)
  const topWord = ((high << 1) | (low >>> 31)) >>> 0
  const bottomWord = ((low << 1) | fraction) >>> 0
  const count = topWord === 0 ? wordBytes(bottomWord) : 4 + wordBytes(topWord)
  key.reserve(9)
  const { bytes } = key
  const mask = negative ? 0xff : 0
  let at = key.length
  bytes[at++] = negative ? NumberByte.negativeWhole - (count - 1) : NumberByte.positiveWhole + (count - 1)
  for (let index = count - 1; index >= 0; index--) {
    bytes[at++] = (index >= 4 ? topWord >>> ((index - 4) * 8) : bottomWord >>> (index * 8)) ^ mask
  }
  key.length = at
}

/** Bytes that an unsigned 32-bit number needs, at least one. */
const wordBytes = (word: number): number => (word < 0x1_0000 ? (word < 0x100 ? 1 : 2) : word < 0x100_0000 ? 3 : 4)

/** 1 ≤ magnitude < 2^53: whole part and fraction in eight bytes, the marker in the last two bits. */
function writeFractional(key: KeyBuffer, magnitude: number, negative: boolean, marker: Marker): void {
  const whole = Math.floor(magnitude)
  const high = Math.floor(whole / 2 ** 32)
  const start = key.length
  writeWhole(key, high, whole - high * 2 ** 32, negative, 1)
  const mask = negative ? 0xff : 0
  let fraction = magnitude - whole
  key.reserve(8)
  while (key.length < start + 9) {
    fraction *= 256
    const byte = Math.floor(fraction)
    fraction -= byte
    key.bytes[key.length++] = byte ^ mask
  }
  const last = key.length - 1
  key.bytes[last] = (((key.bytes[last] as number) ^ mask) & 0xfc) ^ marker ^ mask
}

/** 0 < magnitude < 1. */
function writeSmall(key: KeyBuffer, magnitude: number, negative: boolean, marker: Marker): void {
  const mask = negative ? 0xff : 0
  key.byte(negative ? NumberByte.negativeSmall : NumberByte.positiveSmall)
  if (magnitude >= tinyBelow) {
    scratch.setFloat64(0, magnitude)
    const low = scratch.getUint32(4)
    key.word((scratch.getUint32(0) << 2) | (low >>> 30), mask)
    key.word((low << 2) | marker, mask)
    return
  }
  writeScaledBits(key, magnitude * 2 ** 256, mask, marker)
}

/** Scaled by 2^256 even a subnormal has all its bits. */
function writeScaledBits(key: KeyBuffer, scaled: number, mask: number, marker: Marker): void {
  scratch.setFloat64(0, scaled)
  const low = scratch.getUint32(4)
  // The sum's carry stays within the first two bits, which say that this is scaled.
  key.word(((scratch.getUint32(0) << 1) | (low >>> 31)) + 0x4000_0000, mask)
  key.word((low << 1) | (marker & 1), mask)
}

/** 2^63 and above, infinity included. */
function writeLarge(key: KeyBuffer, magnitude: number, negative: boolean, continues: 0 | 1): void {
  const mask = negative ? 0xff : 0
  key.byte(negative ? NumberByte.negativeLarge : NumberByte.positiveLarge)
  if (magnitude === Infinity) {
    key.word(0xffff_ffff, mask)
    key.word(0xffff_ffff, mask)
    return
  }
  scratch.setFloat64(0, magnitude)
  const low = scratch.getUint32(4)
  key.word(((scratch.getUint32(0) << 1) | (low >>> 31)) & 0x7fff_ffff, mask)
  key.word((low << 1) | continues, mask)
}

function writeDecimal(key: KeyBuffer, decimal: Decimal): void {
  const { kind, negative, coefficient, exponent } = decimal
  if (kind === 'finite' && coefficient === 0n) {
    const zero = exponent - exponentMin + (negative ? 12_288 : 0)
    key.typeBits(0b11010 + (zero >> 12), 5)
    key.typeBits(zero & 0xfff, 12)
    return key.byte(NumberByte.zero)
  }
  key.typeBits(TypeBit.decimal, 2)
  if (kind === 'nan') return key.byte(NumberByte.nan)
  if (kind === 'infinity') return writeLarge(key, Infinity, negative, 0)
  key.typeBits((exponent - exponentMin) & 0x3f, 6)
  const magnitude = { ...decimal, negative: false }
  const double = doubleOfDecimalTowardZero(magnitude)
  const order = compareDecimalToDouble(magnitude, double)
  if (order === 0) return writeDouble(key, negative ? -double : double)
  if (double >= largeFrom) {
    if (double === Number.MAX_VALUE) return writeBare(key, magnitude, negative)
    writeLarge(key, double, negative, 1)
    return writeContinuation(key, magnitude, ceilingOf(double), negative)
  }
  if (double >= 2 ** 53) return writeLongDecimal(key, magnitude, negative)
  if (double < smallestNormal) return writeTiny(key, magnitude, double, negative)
  if (double < tinyBelow) {
    writeSmall(key, double, negative, Marker.less)
    return writeContinuation(key, magnitude, ceilingOf(double), negative)
  }
  const fifteenDigits = compareDecimals(magnitude, decimalOfDoubleRounded(double, 'away'))
  const isRounded = fifteenDigits === 0 || coefficient < 10n ** 15n
  const marker = isRounded ? Marker.rounded : fifteenDigits < 0 ? Marker.less : Marker.greater
  if (double >= 1) writeFractional(key, double, negative, marker)
  else writeSmall(key, double, negative, marker)
  if (!isRounded) writeContinuation(key, magnitude, ceilingOf(double), negative)
}

/** The double as a decimal of 34 digits that is not smaller. */
export const ceilingOf = (double: number): Decimal => decimalOfDouble(double, 'away')

/** 2^53 ≤ decimal < 2^63: the whole part exactly, then a continuation if there is a fraction. */
function writeLongDecimal(key: KeyBuffer, magnitude: Decimal, negative: boolean): void {
  const floor = quantizeDecimal(magnitude, 0, 'floor')
  const whole = floor.coefficient
  const isWhole = compareDecimals(floor, magnitude) === 0
  const start = key.length
  writeWhole(key, Number(whole >> 32n), Number(whole & 0xffff_ffffn), negative, isWhole ? 0 : 1)
  if (isWhole) return
  if (key.length - start < 9) key.byte(Marker.greater ^ (negative ? 0xff : 0))
  writeContinuation(key, magnitude, floor, negative)
}

/** How much `magnitude` is above `base`, in units of the last of the base's 34 digits: eight bytes. */
function writeContinuation(key: KeyBuffer, magnitude: Decimal, base: Decimal, negative: boolean): void {
  const { coefficient, exponent } = normalizedParts(base.coefficient, base.exponent)
  const lift = magnitude.exponent - exponent
  const lifted = lift >= 0 ? magnitude.coefficient * powerOfTen(lift) : magnitude.coefficient / powerOfTen(-lift)
  writeEight(key, lifted - coefficient, negative)
}

function writeEight(key: KeyBuffer, value: bigint, negative: boolean): void {
  const mask = negative ? 0xff : 0
  key.word(Number(BigInt.asUintN(32, value >> 32n)), mask)
  key.word(Number(BigInt.asUintN(32, value)), mask)
}

// 2^256 and 2^−256, cut off at 34 digits.
const scaleUp = decimalOfDouble(2 ** 256, 'trunc')
const scaleDown = decimalOfDouble(2 ** -256, 'trunc')

function cutProduct(a: Decimal, b: Decimal): Decimal {
  return roundedDecimal({
    negative: false,
    coefficient: a.coefficient * b.coefficient,
    exponent: a.exponent + b.exponent,
    rounding: 'trunc',
  })
}

/** Below the smallest normal double, which `double`, the next one towards zero, is too. */
function writeTiny(key: KeyBuffer, magnitude: Decimal, double: number, negative: boolean): void {
  if (double === 0) return writeBare(key, magnitude, negative)
  // Scaled as a decimal, a number keeps the digits that a subnormal double has lost. Not below what that double would be,
  // or the order of the two would change.
  const scaled = Math.max(doubleOfDecimalTowardZero(cutProduct(magnitude, scaleUp)), double * 2 ** 256)
  key.byte(negative ? NumberByte.negativeSmall : NumberByte.positiveSmall)
  writeScaledBits(key, scaled, negative ? 0xff : 0, Marker.less)
  writeContinuation(key, magnitude, tinyBase(scaled), negative)
}

/** What the continuation of a tiny decimal is added to: every step is rounded down, so that it is never negative. */
export const tinyBase = (scaled: number): Decimal => cutProduct(decimalOfDouble(scaled, 'trunc'), scaleDown)

/** What no double is near: the sixteen bytes of the decimal itself with all 34 digits, its sign bit saying large. */
function writeBare(key: KeyBuffer, magnitude: Decimal, negative: boolean): void {
  const isLarge = magnitude.exponent > 0
  key.byte(
    isLarge
      ? negative
        ? NumberByte.negativeLarge
        : NumberByte.positiveLarge
      : negative
        ? NumberByte.negativeSmall
        : NumberByte.positiveSmall,
  )
  const { coefficient, exponent } = normalizedParts(magnitude.coefficient, magnitude.exponent)
  // Below the smallest exponent there is no room for more digits.
  const short = Math.max(0, exponentMin - exponent)
  const bits =
    (isLarge ? 1n << 127n : 0n) | (BigInt(exponent + short - exponentMin) << 113n) | (coefficient / powerOfTen(short))
  writeEight(key, bits >> 64n, negative)
  writeEight(key, BigInt.asUintN(64, bits), negative)
}
