/**
 * Decimal128: sign, a coefficient of at most 34 digits, and a power of ten. Arithmetic is IEEE 754-2008's with round half
 * to even, and keeps the quantum as the server does: 1.10 + 1.20 is 2.30, 1.0 × 1.00 is 1.000.
 *
 *   bits   sign 1 | biased exponent 14 (bias 6176) | coefficient 113      little-endian in a document
 *   sign | 11110 …   infinity          sign | 11111 …   NaN          sign | 11 …   non-canonical, reads as zero
 *
 * Source: IEEE 754-2008, section 3.5.2 (binary encoding); specifications/bson-decimal128.
 */
import { readUint32, writeInt32 } from './bytes.ts'
import type { Value } from './value.ts'

export const exponentMin = -6176
export const exponentMax = 6111
export const digitsMax = 34

export interface Decimal {
  readonly kind: 'finite' | 'infinity' | 'nan'
  readonly negative: boolean
  /** 0 … 10^34 − 1; zero unless finite. */
  readonly coefficient: bigint
  /** `exponentMin` … `exponentMax`; zero unless finite. */
  readonly exponent: number
}

/** Which neighbour a value that falls between two takes. */
export type Rounding = 'half-even' | 'trunc' | 'floor' | 'ceil' | 'away'

export const decimalNaN: Decimal = { kind: 'nan', negative: false, coefficient: 0n, exponent: 0 }
const positiveInfinity: Decimal = { kind: 'infinity', negative: false, coefficient: 0n, exponent: 0 }
const negativeInfinity: Decimal = { kind: 'infinity', negative: true, coefficient: 0n, exponent: 0 }
export const infinity = (negative: boolean): Decimal => (negative ? negativeInfinity : positiveInfinity)

const powers: bigint[] = []
for (let exponent = 0, power = 1n; exponent <= 160; exponent++, power *= 10n) powers.push(power)

/** 10 to the power of `exponent` ≥ 0. */
export const powerOfTen = (exponent: number): bigint => powers[exponent] ?? 10n ** BigInt(exponent)

const coefficientEnd = powerOfTen(digitsMax)

/** How many digits a coefficient has; zero has one. */
export function digitCount(coefficient: bigint): number {
  return coefficient < 10n ? 1 : coefficient.toString().length
}

export function decodeDecimal(value: Value): Decimal {
  const { bytes, start } = value
  const top = readUint32(bytes, start + 12)
  const negative = top >>> 31 === 1
  const combination = (top >>> 26) & 0x1f
  if (combination === 0x1f) return decimalNaN
  if (combination === 0x1e) return infinity(negative)
  // With both bits set the exponent lies two bits lower and the coefficient would be 2^113 or more: not canonical.
  if (combination >= 0x18)
    return { kind: 'finite', negative, coefficient: 0n, exponent: ((top >>> 15) & 0x3fff) - 6176 }
  const exponent = ((top >>> 17) & 0x3fff) + exponentMin
  const high = top & 0x1ffff
  const next = readUint32(bytes, start + 8)
  let coefficient: bigint
  if (high === 0 && next === 0) {
    const low = readUint32(bytes, start + 4) * 0x1_0000_0000 + readUint32(bytes, start)
    coefficient = Number.isSafeInteger(low) ? BigInt(low) : joinWords(0, 0, bytes, start)
  } else coefficient = joinWords(high, next, bytes, start)
  return { kind: 'finite', negative, coefficient: coefficient >= coefficientEnd ? 0n : coefficient, exponent }
}

function joinWords(high: number, next: number, bytes: Uint8Array, start: number): bigint {
  const upper = BigInt(high * 0x1_0000_0000 + next)
  return (upper << 64n) | (BigInt(readUint32(bytes, start + 4)) << 32n) | BigInt(readUint32(bytes, start))
}

/** The sixteen bytes as they lie in a document. */
export function encodeDecimal(decimal: Decimal): Uint8Array {
  const bytes = new Uint8Array(16)
  const sign = decimal.negative ? 0x8000_0000 : 0
  if (decimal.kind !== 'finite') {
    writeInt32(bytes, 12, decimal.kind === 'nan' ? 0x7c00_0000 : sign | 0x7800_0000)
    return bytes
  }
  const { coefficient } = decimal
  writeInt32(bytes, 0, Number(BigInt.asIntN(32, coefficient)))
  writeInt32(bytes, 4, Number(BigInt.asIntN(32, coefficient >> 32n)))
  writeInt32(bytes, 8, Number(BigInt.asIntN(32, coefficient >> 64n)))
  writeInt32(bytes, 12, sign | ((decimal.exponent - exponentMin) << 17) | Number(coefficient >> 96n))
  return bytes
}

/** `coefficient` without its last `digits` digits, rounded. `more`: there is something behind the last digit. */
export function dropDigits(
  coefficient: bigint,
  digits: number,
  { rounding, negative, more = false }: { rounding: Rounding; negative: boolean; more?: boolean },
): bigint {
  const unit = powerOfTen(digits)
  const kept = coefficient / unit
  const rest = coefficient - kept * unit
  const inexact = rest !== 0n || more
  if (!inexact) return kept
  switch (rounding) {
    case 'trunc':
      return kept
    case 'floor':
      return negative ? kept + 1n : kept
    case 'ceil':
      return negative ? kept : kept + 1n
    case 'away':
      return kept + 1n
    case 'half-even': {
      const twice = rest * 2n
      if (twice !== unit) return twice > unit ? kept + 1n : kept
      return more || (kept & 1n) === 1n ? kept + 1n : kept
    }
  }
}

export interface Parts {
  readonly negative: boolean
  /** Any size. */
  readonly coefficient: bigint
  /** Any. */
  readonly exponent: number
  /** The true value is a little larger in magnitude, by less than one of the last digit. */
  readonly more?: boolean
  readonly rounding?: Rounding
}

/** The decimal nearest to exact `parts`: at most 34 digits, the exponent clamped; infinity past the largest. */
export function roundedDecimal({
  negative,
  coefficient,
  exponent,
  more = false,
  rounding = 'half-even',
}: Parts): Decimal {
  let kept = coefficient
  let at = exponent
  const digits = coefficient < coefficientEnd ? 0 : digitCount(coefficient)
  const drop = Math.max(0, digits - digitsMax, exponentMin - exponent)
  if (drop > 0) {
    kept = dropDigits(coefficient, drop, { rounding, negative, more })
    at += drop
    if (kept === coefficientEnd) {
      kept /= 10n
      at++
    }
  }
  if (at > exponentMax) {
    if (kept !== 0n) {
      const pad = at - exponentMax
      if (pad > digitsMax || kept * powerOfTen(pad) >= coefficientEnd) return infinity(negative)
      kept *= powerOfTen(pad)
    }
    at = exponentMax
  }
  return { kind: 'finite', negative, coefficient: kept, exponent: at }
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.kind !== 'finite' || b.kind !== 'finite') {
    if (a.kind === 'nan' || b.kind === 'nan') return decimalNaN
    if (a.kind === b.kind) return a.negative === b.negative ? a : decimalNaN
    return a.kind === 'infinity' ? a : b
  }
  const [high, low] = a.exponent >= b.exponent ? [a, b] : [b, a]
  const apart = high.exponent - low.exponent
  // Digits that far below the last one that is kept can only say "a little more" or "a little less".
  const far = apart > 104 && high.coefficient !== 0n
  const lift = far ? 70 : apart
  const lifted = high.coefficient === 0n ? 0n : high.coefficient * powerOfTen(lift)
  const small = far && low.coefficient !== 0n ? 1n : low.coefficient
  const sum = (high.negative ? -lifted : lifted) + (low.negative ? -small : small)
  const negative = sum < 0n || (sum === 0n && a.negative && b.negative)
  return roundedDecimal({ negative, coefficient: sum < 0n ? -sum : sum, exponent: high.exponent - lift })
}

export const negateDecimal = (decimal: Decimal): Decimal =>
  decimal.kind === 'nan' ? decimal : { ...decimal, negative: !decimal.negative }

export const subtractDecimals = (a: Decimal, b: Decimal): Decimal => addDecimals(a, negateDecimal(b))

const isZero = (decimal: Decimal): boolean => decimal.kind === 'finite' && decimal.coefficient === 0n

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  const negative = a.negative !== b.negative
  if (a.kind !== 'finite' || b.kind !== 'finite') {
    if (a.kind === 'nan' || b.kind === 'nan' || isZero(a) || isZero(b)) return decimalNaN
    return infinity(negative)
  }
  return roundedDecimal({ negative, coefficient: a.coefficient * b.coefficient, exponent: a.exponent + b.exponent })
}

/** Division by zero gives an infinity, 0 / 0 a NaN. An exact quotient has the exponent of a less that of b, or the nearest. */
export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  const negative = a.negative !== b.negative
  if (a.kind === 'nan' || b.kind === 'nan' || (a.kind === 'infinity' && b.kind === 'infinity')) return decimalNaN
  if (a.kind === 'infinity') return infinity(negative)
  if (b.kind === 'infinity') return { kind: 'finite', negative, coefficient: 0n, exponent: exponentMin }
  if (b.coefficient === 0n) return a.coefficient === 0n ? decimalNaN : infinity(negative)
  const ideal = a.exponent - b.exponent
  if (a.coefficient === 0n) return roundedDecimal({ negative, coefficient: 0n, exponent: ideal })
  const lift = Math.max(0, digitsMax + 3 + digitCount(b.coefficient) - digitCount(a.coefficient))
  const dividend = a.coefficient * powerOfTen(lift)
  let coefficient = dividend / b.coefficient
  let exponent = ideal - lift
  if (coefficient * b.coefficient !== dividend) return roundedDecimal({ negative, coefficient, exponent, more: true })
  while (exponent < ideal && coefficient % 10n === 0n) {
    coefficient /= 10n
    exponent++
  }
  return roundedDecimal({ negative, coefficient, exponent })
}

/** What is left of `a` when it is divided by `b` to a whole quotient; the sign is that of `a`. NaN for b = 0. */
export function remainderDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.kind !== 'finite' || b.kind === 'nan' || isZero(b)) return decimalNaN
  if (b.kind === 'infinity') return a
  const exponent = Math.min(a.exponent, b.exponent)
  const { negative } = a
  if (compareMagnitudes(a, b) < 0) {
    const lift = a.exponent - exponent
    const coefficient = lift > 2 * digitsMax ? a.coefficient : a.coefficient * powerOfTen(lift)
    return roundedDecimal({ negative, coefficient, exponent: lift > 2 * digitsMax ? a.exponent : exponent })
  }
  const dividend = a.coefficient * powerOfTen(a.exponent - exponent)
  const divisor = b.coefficient * powerOfTen(b.exponent - exponent)
  return roundedDecimal({ negative, coefficient: dividend % divisor, exponent })
}

/**
 * `decimal` with `exponent`: 1.25 at −1 is 1.2, 1E+3 at 0 is 1000. What has no room for that exponent in 34 digits, and NaN and
 * infinity, come back as they are: they have nothing there to round.
 */
export function quantizeDecimal(decimal: Decimal, exponent: number, rounding: Rounding): Decimal {
  if (decimal.kind !== 'finite') return decimal
  const { negative, coefficient } = decimal
  const drop = exponent - decimal.exponent
  if (drop > 0) return { ...decimal, coefficient: dropDigits(coefficient, drop, { rounding, negative }), exponent }
  if (coefficient === 0n) return { ...decimal, exponent }
  if (-drop >= digitsMax) return decimal
  const lifted = coefficient * powerOfTen(-drop)
  return lifted < coefficientEnd ? { ...decimal, coefficient: lifted, exponent } : decimal
}

/** The order of two finite decimals without their signs. */
export function compareMagnitudes(a: Decimal, b: Decimal): number {
  let left = a.coefficient
  let right = b.coefficient
  const lift = a.exponent - b.exponent
  if (left === 0n || right === 0n || lift === 0) return left < right ? -1 : left > right ? 1 : 0
  if (lift > digitsMax) return 1
  if (lift < -digitsMax) return -1
  if (lift > 0) left *= powerOfTen(lift)
  else right *= powerOfTen(-lift)
  return left < right ? -1 : left > right ? 1 : 0
}

/** The order by value: NaN is first and equal to itself, −0 equals 0, 1.0 equals 1.00. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const rank = rankOf(a) - rankOf(b)
  if (rank !== 0 || a.kind !== 'finite') return rank
  return a.negative ? compareMagnitudes(b, a) : compareMagnitudes(a, b)
}

/** NaN, −infinity, negative, zero, positive, infinity. */
function rankOf(decimal: Decimal): number {
  if (decimal.kind === 'nan') return -3
  const magnitude = decimal.kind === 'infinity' ? 2 : decimal.coefficient === 0n ? 0 : 1
  return decimal.negative ? 0 - magnitude : magnitude
}

/** The decimal as an integer, when it is exactly one of at most 34 digits. */
export function decimalInteger(decimal: Decimal): bigint | undefined {
  const { kind, negative, coefficient, exponent } = decimal
  if (kind !== 'finite') return undefined
  if (coefficient === 0n) return 0n
  if (exponent > digitsMax || exponent < -digitsMax) return undefined
  let magnitude: bigint
  if (exponent >= 0) magnitude = coefficient * powerOfTen(exponent)
  else {
    const unit = powerOfTen(-exponent)
    magnitude = coefficient / unit
    if (magnitude * unit !== coefficient) return undefined
  }
  return negative ? -magnitude : magnitude
}
