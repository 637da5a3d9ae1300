/** Numbers read back from a KeyString: value from the bytes (key-number.ts draws them), type and a decimal's quantum from the type bits. */
import {
  decimalOfDouble,
  decimalOfDoubleRounded,
  decimalOfInteger,
  doubleOfDecimal,
  normalizedParts,
} from './decimal-convert.ts'
import {
  compareMagnitudes,
  decimalNaN,
  digitsMax,
  encodeDecimal,
  exponentMax,
  exponentMin,
  infinity,
  negateDecimal,
  powerOfTen,
  quantizeDecimal,
  roundedDecimal,
} from './decimal.ts'
import { decimalValue, doubleValue, int32Value, int64Value } from './encode.ts'
import { TypeBit } from './key-buffer.ts'
import { Marker, NumberByte, ceilingOf, tinyBase } from './key-number.ts'
import { broken } from './key-reader.ts'
import type { Decimal } from './decimal.ts'
import type { KeyReader } from './key-reader.ts'
import type { Value } from './value.ts'

export const isNumberByte = (typeByte: number): boolean =>
  typeByte >= NumberByte.nan && typeByte <= NumberByte.positiveLarge

/** The number behind `typeByte`, which was read already. @throws CommandError for what is no number of the type it should be. */
export function readNumber(reader: KeyReader, typeByte: number): Value {
  if (typeByte === NumberByte.zero) return readZero(reader)
  const type = reader.typeBits(2)
  if (typeByte === NumberByte.nan) return readNaN(reader, type)
  const negative = typeByte < NumberByte.zero
  reader.mask = negative ? 0xff : 0
  const magnitude = readMagnitude(reader, typeByte, type === TypeBit.decimal)
  reader.mask = 0
  switch (type) {
    case TypeBit.decimal:
      return decimalValue(encodeDecimal(withQuantum(reader, magnitude.decimal(), negative)))
    case TypeBit.double:
      return doubleValue(negative ? -magnitude.double() : magnitude.double())
    default: {
      const integer = magnitude.integer()
      if (integer === undefined) throw broken('an integer has a fraction')
      return integerValue(negative ? -integer : integer, type)
    }
  }
}

function integerValue(integer: bigint, type: number): Value {
  if (BigInt.asIntN(type === TypeBit.int ? 32 : 64, integer) !== integer) throw broken('an integer is too large')
  return type === TypeBit.int ? int32Value(Number(integer)) : int64Value(integer)
}

function readZero(reader: KeyReader): Value {
  switch (reader.typeBits(2)) {
    case TypeBit.int:
      return int32Value(0)
    case TypeBit.long:
      return int64Value(0n)
    case TypeBit.double:
      return doubleValue(0)
  }
  // 11000 is −0.0; 11010 and up, twelve bits more: sign and exponent of a decimal zero.
  const bits = reader.typeBits(3)
  if (bits === 0) return doubleValue(-0)
  if (bits === 1) throw broken('a zero has no type')
  const place = ((bits - 2) << 12) | reader.typeBits(12)
  const negative = place >= 12_288
  const exponent = (negative ? place - 12_288 : place) + exponentMin
  return decimalValue(encodeDecimal({ kind: 'finite', negative, coefficient: 0n, exponent }))
}

function readNaN(reader: KeyReader, type: number): Value {
  if (type === TypeBit.double) return doubleValue(NaN)
  if (type !== TypeBit.decimal) throw broken('an integer is not a number')
  return decimalValue(encodeDecimal(decimalNaN))
}

/** What the bytes say, as whichever type is asked for; each asker knows that it was written from that type. */
interface Magnitude {
  integer(): bigint | undefined
  double(): number
  decimal(): Decimal
}

function readMagnitude(reader: KeyReader, typeByte: number, isDecimal: boolean): Magnitude {
  switch (typeByte) {
    case NumberByte.negativeLarge:
    case NumberByte.positiveLarge:
      return readLarge(reader, isDecimal)
    case NumberByte.negativeSmall:
    case NumberByte.positiveSmall:
      return readSmall(reader, isDecimal)
    default:
      return readWhole(
        reader,
        typeByte < NumberByte.zero ? NumberByte.negativeWhole - typeByte + 1 : typeByte - NumberByte.positiveWhole + 1,
        isDecimal,
      )
  }
}

function readWhole(reader: KeyReader, count: number, isDecimal: boolean): Magnitude {
  let doubled = 0n
  for (let index = 0; index < count; index++) doubled = (doubled << 8n) | BigInt(reader.byte())
  const whole = doubled >> 1n
  if ((doubled & 1n) === 0n) {
    return { integer: () => whole, double: () => Number(whole), decimal: () => decimalOfInteger(whole) }
  }
  let fraction = 0n
  for (let index = count; index < 8; index++) fraction = (fraction << 8n) | BigInt(reader.byte())
  const marker = count === 8 ? Marker.greater : Number(fraction & 3n)
  // Past 2^53 there is no double with a fraction: the whole part alone is what the continuation is added to.
  if (whole >= 2n ** 53n) {
    if (!isDecimal) throw broken('a double has too many digits')
    const decimal = readContinuation(reader, decimalOfInteger(whole))
    return { integer: () => undefined, double: () => doubleOfDecimal(decimal), decimal: () => decimal }
  }
  const double = Number(whole) + Number(fraction & ~3n) * 256 ** (count - 8)
  return markedDouble(reader, double, { marker, isDecimal })
}

function markedDouble(
  reader: KeyReader,
  double: number,
  { marker, isDecimal }: { marker: number; isDecimal: boolean },
): Magnitude {
  if (!isDecimal) return ofDouble(double)
  if (marker === Marker.equal) return ofDecimal(decimalOfDouble(double))
  if (marker === Marker.rounded) return ofDecimal(decimalOfDoubleRounded(double, 'away'))
  return ofDecimal(readContinuation(reader, ceilingOf(double)))
}

const ofDouble = (double: number): Magnitude => ({
  integer: () => (Number.isInteger(double) ? BigInt(double) : undefined),
  double: () => double,
  decimal: () => decimalOfDouble(double),
})

const ofDecimal = (decimal: Decimal): Magnitude => ({
  integer: () => undefined,
  double: () => doubleOfDecimal(decimal),
  decimal: () => decimal,
})

/** `base` and the eight bytes that say how many units of its 34th digit the decimal is above it. */
function readContinuation(reader: KeyReader, base: Decimal): Decimal {
  if (base.kind !== 'finite' || base.coefficient === 0n) throw broken('nothing can be added here', 'Location50815')
  const { coefficient, exponent } = normalizedParts(base.coefficient, base.exponent)
  const added = reader.eight()
  return roundedDecimal({ negative: false, coefficient: coefficient + added, exponent })
}

const allOnes = 2n ** 64n - 1n
const scratch = new DataView(new ArrayBuffer(8))

function doubleOfBits(bits: bigint): number {
  scratch.setBigUint64(0, bits)
  return scratch.getFloat64(0)
}

function readLarge(reader: KeyReader, isDecimal: boolean): Magnitude {
  const bits = reader.eight()
  if (bits === allOnes) return isDecimal ? ofDecimal(infinity(false)) : ofDouble(Infinity)
  if (bits >> 63n === 1n) return readBare(reader, bits)
  const marker = (bits & 1n) === 1n ? Marker.less : Marker.equal
  return markedDouble(reader, doubleOfBits((bits | (1n << 63n)) >> 1n), { marker, isDecimal })
}

function readSmall(reader: KeyReader, isDecimal: boolean): Magnitude {
  const bits = reader.eight()
  const top = bits >> 62n
  if (top === 0n) return readBare(reader, bits)
  if (top === 3n) return markedDouble(reader, doubleOfBits(bits >> 2n), { marker: Number(bits & 3n), isDecimal })
  const marker = (bits & 1n) === 1n ? Marker.less : Marker.equal
  const scaled = doubleOfBits((bits - (1n << 62n)) >> 1n)
  const double = scaled * 2 ** -256
  // A decimal below the normal doubles was scaled itself.
  if (isDecimal && marker === Marker.less && double < 2 ** -1022) {
    return ofDecimal(readContinuation(reader, tinyBase(scaled)))
  }
  return markedDouble(reader, double, { marker, isDecimal })
}

/** The sixteen bytes of a decimal, the first eight of them read already. */
function readBare(reader: KeyReader, high: bigint): Magnitude {
  const bits = (high << 64n) | reader.eight()
  const coefficient = bits & (2n ** 113n - 1n)
  const exponent = Number((bits >> 113n) & 0x3fffn) + exponentMin
  if (coefficient >= powerOfTen(digitsMax) || exponent > exponentMax) throw broken('a decimal has too many digits')
  return ofDecimal({ kind: 'finite', negative: false, coefficient, exponent })
}

/** The decimal whose exponent has these low six bits: 34 digits leave no choice among exponents that are 64 apart. */
function withQuantum(reader: KeyReader, magnitude: Decimal, negative: boolean): Decimal {
  const signed = negative ? negateDecimal(magnitude) : magnitude
  if (signed.kind !== 'finite') return signed
  if (signed.coefficient === 0n) throw broken('a decimal is too small')
  const low = reader.typeBits(6)
  const least = Math.max(exponentMin, normalizedParts(signed.coefficient, signed.exponent).exponent)
  const exponent = least + ((low - (least - exponentMin)) & 0x3f)
  const result = quantizeDecimal(signed, exponent, 'half-even')
  if (exponent > exponentMax || compareMagnitudes(result, signed) !== 0) {
    throw broken('the exponent of a decimal does not fit its digits')
  }
  return result
}
