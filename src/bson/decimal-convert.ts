/** Decimal128 to and from text, integers and doubles. */
import {
  digitCount,
  digitsMax,
  decimalNaN,
  dropDigits,
  exponentMin,
  infinity,
  powerOfTen,
  roundedDecimal,
} from './decimal.ts'
import type { Decimal, Rounding } from './decimal.ts'

const numberPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/
const specialPattern = /^([+-]?)(?:(inf|infinity)|nan)$/i

/**
 * The decimal that a text spells; more than 34 digits are rounded, what is too large is an infinity. Undefined for what
 * is not a number.
 */
export function parseDecimal(text: string): Decimal | undefined {
  const match = numberPattern.exec(text)
  if (match === null) {
    const special = specialPattern.exec(text)
    if (special === null) return undefined
    return special[2] === undefined ? decimalNaN : infinity(special[1] === '-')
  }
  const [, sign, whole = '', fraction = '', power = '0'] = match
  if (whole === '' && fraction === '') return undefined
  const negative = sign === '-'
  const digits = (whole + fraction).replace(/^0+/, '')
  // An exponent of many digits must not become a power of ten of that size.
  const exponent = Math.max(-100_000, Math.min(100_000, Number(power))) - fraction.length
  // Far below the smallest decimal nothing is left, whatever the digits.
  if (digits !== '' && exponent + digits.length < exponentMin - 1)
    return roundedDecimal({ negative, coefficient: 0n, exponent: exponentMin })
  // Nor must a text of a million digits become a number of that size: what is behind the 80th can only break a tie.
  const coefficient = BigInt(digits.slice(0, 80))
  const more = /[^0]/.test(digits.slice(80))
  return roundedDecimal({ negative, coefficient, exponent: exponent + Math.max(0, digits.length - 80), more })
}

/** The text that the decimal specification gives a value, quantum included: `2.30`, `1E+3`, `-0.00`, `NaN`. */
export function decimalText(decimal: Decimal): string {
  const sign = decimal.negative ? '-' : ''
  if (decimal.kind === 'nan') return 'NaN'
  if (decimal.kind === 'infinity') return `${sign}Infinity`
  const digits = decimal.coefficient.toString()
  const { exponent } = decimal
  const adjusted = exponent + digits.length - 1
  if (exponent > 0 || adjusted < -6) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    return `${sign}${digits[0]}${fraction}E${adjusted < 0 ? '' : '+'}${adjusted}`
  }
  if (exponent === 0) return sign + digits
  const point = digits.length + exponent
  if (point > 0) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
  return `${sign}0.${'0'.repeat(-point)}${digits}`
}

/** `integer` exactly, if it has at most 34 digits. */
export function decimalOfInteger(integer: bigint): Decimal {
  return roundedDecimal({ negative: integer < 0n, coefficient: integer < 0n ? -integer : integer, exponent: 0 })
}

const scratch = new DataView(new ArrayBuffer(8))

/** A finite double exactly: ± mantissa × 2^exponent, the mantissa odd or zero. */
export function doubleParts(value: number): { mantissa: bigint; exponent: number } {
  scratch.setFloat64(0, value)
  const high = scratch.getUint32(0) & 0x7fff_ffff
  const biased = high >>> 20
  let mantissa = (high & 0xf_ffff) * 0x1_0000_0000 + scratch.getUint32(4)
  if (biased > 0) mantissa += 2 ** 52
  if (mantissa === 0) return { mantissa: 0n, exponent: 0 }
  let exponent = Math.max(biased, 1) - 1075
  while (mantissa % 2 === 0) {
    mantissa /= 2
    exponent++
  }
  return { mantissa: BigInt(mantissa), exponent }
}

const powersOfFive: bigint[] = []
/** 5 to the power of `exponent`, 0 … 1074. */
function powerOfFive(exponent: number): bigint {
  if (exponent >= 128) return 5n ** BigInt(exponent)
  for (let next = powersOfFive.length; next <= exponent; next++) powersOfFive.push(5n ** BigInt(next))
  return powersOfFive[exponent] as bigint
}

/**
 * The decimal of a double: exact where 34 digits are enough, else rounded to them. `value` may be anything.
 */
export function decimalOfDouble(value: number, rounding: Rounding = 'half-even'): Decimal {
  const negative = value < 0 || Object.is(value, -0)
  if (Number.isNaN(value)) return decimalNaN
  if (!Number.isFinite(value)) return infinity(negative)
  const { mantissa, exponent } = doubleParts(value)
  if (exponent >= 0)
    return roundedDecimal({ negative, coefficient: mantissa << BigInt(exponent), exponent: 0, rounding })
  return roundedDecimal({ negative, coefficient: mantissa * powerOfFive(-exponent), exponent, rounding })
}

/** Digits of a double that its text is sure to keep; what arithmetic with decimals makes of a double. */
const doubleDigits = 15

/** The decimal of exactly 15 digits that the server makes of a double: 0.1 is 0.100000000000000. Zero stays a bare 0. */
export function decimalOfDoubleRounded(value: number, rounding: Rounding = 'half-even'): Decimal {
  const exact = decimalOfDouble(value, rounding)
  if (exact.kind !== 'finite' || exact.coefficient === 0n) return exact
  const { negative } = exact
  const drop = digitCount(exact.coefficient) - doubleDigits
  if (drop <= 0) {
    return { ...exact, coefficient: exact.coefficient * powerOfTen(-drop), exponent: exact.exponent + drop }
  }
  let coefficient = dropDigits(exact.coefficient, drop, { rounding, negative })
  let exponent = exact.exponent + drop
  if (coefficient === powerOfTen(doubleDigits)) {
    coefficient /= 10n
    exponent++
  }
  return { kind: 'finite', negative, coefficient, exponent }
}

/** The nearest double, ties to even; infinity past the largest. */
export function doubleOfDecimal(decimal: Decimal): number {
  return Number(decimalText(decimal))
}

/** The double next to the decimal on the side of zero: the largest whose magnitude is not larger. The decimal is finite. */
export function doubleOfDecimalTowardZero(decimal: Decimal): number {
  const nearest = doubleOfDecimal(decimal)
  if (!Number.isFinite(nearest)) return nearest < 0 ? -Number.MAX_VALUE : Number.MAX_VALUE
  const order = compareDecimalToDouble(decimal, nearest)
  const isLarger = decimal.negative ? order > 0 : order < 0
  if (!isLarger) return nearest
  // One step towards zero is the number before it in the order of bits.
  scratch.setFloat64(0, nearest)
  const low = scratch.getUint32(4)
  if (low === 0) scratch.setUint32(0, scratch.getUint32(0) - 1)
  scratch.setUint32(4, low - 1)
  return scratch.getFloat64(0)
}

/** The order of a decimal and a double by their exact values; NaN is first and equal to NaN. */
export function compareDecimalToDouble(decimal: Decimal, double: number): number {
  if (decimal.kind === 'nan') return Number.isNaN(double) ? 0 : -1
  if (Number.isNaN(double)) return 1
  // Rounding keeps the order, so a nearest double that differs decides. Only near misses need the exact values.
  const nearest = doubleOfDecimal(decimal)
  if (nearest !== double) return nearest < double ? -1 : 1
  if (decimal.kind === 'infinity') return 0
  if (!Number.isFinite(double)) return decimal.negative ? 1 : -1
  const { mantissa, exponent } = doubleParts(double)
  let left = decimal.coefficient
  let right = mantissa
  // 0 rounds to 0 and so does what is too small for a double: their signs still tell.
  if (right === 0n) return left === 0n ? 0 : decimal.negative ? -1 : 1
  if (decimal.exponent >= 0) left *= powerOfTen(decimal.exponent)
  else right *= powerOfTen(-decimal.exponent)
  if (exponent >= 0) right <<= BigInt(exponent)
  else left <<= BigInt(-exponent)
  const order = left < right ? -1 : left > right ? 1 : 0
  return decimal.negative ? 0 - order : order
}

/** Coefficient and exponent with all 34 digits, for a value that is not zero: 1.5 is 15000… × 10^−33. */
export function normalizedParts(coefficient: bigint, exponent: number): { coefficient: bigint; exponent: number } {
  const lift = digitsMax - digitCount(coefficient)
  return { coefficient: coefficient * powerOfTen(lift), exponent: exponent - lift }
}
