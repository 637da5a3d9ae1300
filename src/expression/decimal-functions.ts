/**
 * Roots, powers, logarithms and angles of decimals, to all 34 digits.
 *
 * They are computed on integers that mean units of 10^-80 ("fixed" below), with series whose terms become small quickly after
 * the argument was made small, and rounded once at the end. Results that are exact are short (the root of 4 is 2); all others
 * have 34 digits. The server's library rounds the same way; the last digit may still differ where it is itself inexact.
 */
import { doubleOfDecimal, parseDecimal } from '../bson/decimal-convert.ts'
import {
  type Decimal,
  decimalInteger,
  decimalNaN,
  digitCount,
  exponentMin,
  infinity,
  multiplyDecimals,
  negateDecimal,
  powerOfTen,
  roundedDecimal,
} from '../bson/decimal.ts'

const digits = 80
const one = powerOfTen(digits)

const decimal = (text: string): Decimal => parseDecimal(text) ?? decimalNaN
const decimalZero = decimal('0')
const decimalOne = decimal('1')
const halfPi = decimal('1.570796326794896619231321691639751')
const degree = decimal('0.01745329251994329576923690768488613')
const radian = decimal('57.29577951308232087679815481410517')
const underflow: Decimal = { kind: 'finite', negative: false, coefficient: 0n, exponent: exponentMin }

const multiply = (a: bigint, b: bigint): bigint => (a * b) / one
const divide = (a: bigint, b: bigint): bigint => (a * one) / b
const isZero = (x: Decimal): boolean => x.kind === 'finite' && x.coefficient === 0n
/** The power of ten of the first digit. */
const magnitude = (x: Decimal): number => x.exponent + digitCount(x.coefficient) - 1
/** So small that x is what its sine, tangent … are to 34 digits. */
const isTiny = (x: Decimal): boolean => isZero(x) || magnitude(x) < -20

function toFixed(x: Decimal): bigint {
  const shift = x.exponent + digits
  const value = shift >= 0 ? x.coefficient * powerOfTen(shift) : x.coefficient / powerOfTen(-shift)
  return x.negative ? -value : value
}

/** The decimal nearest to `value` units of 10^-80, times 10^`exponent`. */
function fromFixed(value: bigint, exponent = 0): Decimal {
  const negative = value < 0n
  return roundedDecimal({ negative, coefficient: negative ? -value : value, exponent: exponent - digits, more: true })
}

/** The integer part of the square root. */
function rootOf(square: bigint): bigint {
  if (square < 2n) return square
  let root = 1n << BigInt((square.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + square / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

const fixedRoot = (x: bigint): bigint => rootOf(x * one)

/** The square root of what is not negative; −0 of −0. */
export function decimalSqrt(x: Decimal): Decimal {
  if (x.kind !== 'finite') return x
  const ideal = Math.floor(x.exponent / 2)
  if (x.coefficient === 0n) return { ...x, exponent: ideal }
  // An even power of ten, and enough digits below for 34 of the root.
  const lift = 2 * digits + (x.exponent - 2 * ideal)
  const square = x.coefficient * powerOfTen(lift)
  const root = rootOf(square)
  if (root * root === square && root % one === 0n) {
    return roundedDecimal({ negative: false, coefficient: root / one, exponent: ideal })
  }
  return roundedDecimal({ negative: false, coefficient: root, exponent: ideal - digits, more: true })
}

/** e to the power of a fixed number below 10^6, as a fixed number and a power of ten. */
function fixedExp(x: bigint): { value: bigint; exponent: number } {
  const exponent = Number(x / ln10)
  const reduced = (x - BigInt(exponent) * ln10) >> 12n
  let sum = one
  for (let term = one, index = 1n; term !== 0n; index++) {
    term = multiply(term, reduced) / index
    sum += term
  }
  for (let step = 0; step < 12; step++) sum = multiply(sum, sum)
  return { value: sum, exponent }
}

/** The natural logarithm of a fixed number near 1, by the series of the inverse hyperbolic tangent. */
function fixedLogNearOne(x: bigint): bigint {
  const ratio = divide(x - one, x + one)
  const square = multiply(ratio, ratio)
  let sum = 0n
  for (let term = ratio, index = 1n; term !== 0n; index += 2n) {
    sum += term / index
    term = multiply(term, square)
  }
  return 2n * sum
}

/** The natural logarithm of a positive fixed number: roots bring it near 1. */
function fixedLog(x: bigint): bigint {
  let near = x
  let doublings = 0n
  while (near > (one * 11n) / 10n || near < (one * 9n) / 10n) {
    near = fixedRoot(near)
    doublings++
  }
  return fixedLogNearOne(near) << doublings
}

const ln10 = fixedLog(10n * one)

/** `coefficient × 10^exponent`, as 1 ≤ m < 10 and the power of ten that goes with it; its logarithm is exact for 10^n. */
function fixedLogOf(x: Decimal): bigint {
  const power = magnitude(x)
  // A number a little below 1 would lose its digits as the difference of two logarithms.
  if (power === -1) return fixedLog(toFixed(x))
  return fixedLog(toFixed({ ...x, exponent: x.exponent - power })) + BigInt(power) * ln10
}

export function decimalExp(x: Decimal): Decimal {
  if (x.kind === 'nan') return x
  const isLarge = x.kind === 'infinity' || magnitude(x) >= 5
  if (isLarge && !isZero(x)) return x.negative ? underflow : infinity(false)
  if (isZero(x) || magnitude(x) < -35) return decimalOne
  const { value, exponent } = fixedExp(toFixed(x))
  return fromFixed(value, exponent)
}

/** Of a positive number. */
export function decimalLn(x: Decimal): Decimal {
  if (x.kind !== 'finite') return x
  const log = fixedLogOf(x)
  return log === 0n ? decimalZero : fromFixed(log)
}

/** Of a positive number. A whole number for a power of ten. */
export function decimalLog10(x: Decimal): Decimal {
  if (x.kind !== 'finite') return x
  if (x.coefficient === powerOfTen(digitCount(x.coefficient) - 1)) return decimal(String(magnitude(x)))
  return fromFixed(divide(fixedLogOf(x), ln10))
}

/** x to the power of y. NaN for a negative x and a y that is not whole. */
export function decimalPow(x: Decimal, y: Decimal): Decimal {
  const whole = decimalInteger(y)
  if (whole === 0n) return decimalOne
  if (x.kind === 'nan' || y.kind === 'nan') return decimalNaN
  const isOdd = whole !== undefined && (whole & 1n) === 1n
  const negative = x.negative && isOdd
  if (isZero(x) || x.kind === 'infinity') {
    const grows = isZero(x) === y.negative
    return grows ? infinity(negative) : { ...decimalZero, negative }
  }
  if (y.kind === 'infinity') {
    const size = x.negative ? negateDecimal(x) : x
    const log = fixedLogOf(size)
    if (log === 0n) return decimalOne
    return log > 0n === !y.negative ? infinity(false) : underflow
  }
  if (x.negative && whole === undefined) return decimalNaN
  if (whole !== undefined && whole > 0n && whole <= 64n) {
    return roundedDecimal({ negative, coefficient: x.coefficient ** whole, exponent: x.exponent * Number(whole) })
  }
  const log = fixedLogOf({ ...x, negative: false })
  if (magnitude(y) > 60) return log > 0n === !y.negative ? infinity(negative) : { ...underflow, negative }
  const power = multiply(log, toFixed(y))
  if (power > 20_000n * one) return infinity(negative)
  if (power < -20_000n * one) return { ...underflow, negative }
  const { value, exponent } = fixedExp(power)
  return { ...fromFixed(value, exponent), negative }
}

/** The arc tangent of a fixed number. */
function fixedAtan(x: bigint): bigint {
  if (x < 0n) return -fixedAtan(-x)
  if (x > one) return fixedHalfPi - fixedAtan(divide(one, x))
  let small = x
  for (let step = 0; step < 6; step++) small = divide(small, one + fixedRoot(one + multiply(small, small)))
  const square = -multiply(small, small)
  let sum = 0n
  for (let term = small, index = 1n; term !== 0n; index += 2n) {
    sum += term / index
    term = multiply(term, square)
  }
  return sum << 6n
}

/** Pi by Machin's formula, in units of 10^-`count`. */
function piOf(count: number): bigint {
  const unit = powerOfTen(count)
  const inverse = (n: bigint): bigint => {
    let sum = 0n
    for (let term = unit / n, index = 1n; term !== 0n; index += 2n, term /= -(n * n)) sum += term / index
    return sum
  }
  return 4n * (4n * inverse(5n) - inverse(239n))
}

const fixedHalfPi = piOf(digits + 10) / (2n * powerOfTen(10))

/** Sine and cosine of a finite decimal, as fixed numbers. */
function fixedSinCos(x: Decimal): { sin: bigint; cos: bigint } {
  // The larger the number, the more digits of pi it takes to know where in the circle it is.
  const extra = Math.max(0, magnitude(x)) + 10
  const shift = x.exponent + digits + extra
  const value = shift >= 0 ? x.coefficient * powerOfTen(shift) : x.coefficient / powerOfTen(-shift)
  const quarter = piOf(digits + extra) / 2n
  const quadrant = (value / quarter) % 4n
  const angle = (value % quarter) / powerOfTen(extra)
  const small = angle >> 8n
  let sin = 0n
  for (let term = small, index = 1n; term !== 0n; index += 2n) {
    sin += term
    term = -multiply(multiply(term, small), small) / ((index + 1n) * (index + 2n))
  }
  let cos = fixedRoot(one - multiply(sin, sin))
  for (let step = 0; step < 8; step++) {
    const both = multiply(sin, cos)
    cos = multiply(cos, cos) - multiply(sin, sin)
    sin = 2n * both
  }
  const turned = [
    { sin, cos },
    { sin: cos, cos: -sin },
    { sin: -sin, cos: -cos },
    { sin: -cos, cos: sin },
  ][Number(quadrant)] as { sin: bigint; cos: bigint }
  return x.negative ? { sin: -turned.sin, cos: turned.cos } : turned
}

export const decimalSin = (x: Decimal): Decimal =>
  x.kind !== 'finite' ? decimalNaN : isTiny(x) ? x : fromFixed(fixedSinCos(x).sin)

export function decimalCos(x: Decimal): Decimal {
  if (x.kind !== 'finite') return decimalNaN
  return isTiny(x) ? decimalOne : fromFixed(fixedSinCos(x).cos)
}

export function decimalTan(x: Decimal): Decimal {
  if (x.kind !== 'finite') return decimalNaN
  if (isTiny(x)) return x
  const { sin, cos } = fixedSinCos(x)
  return cos === 0n ? infinity(x.negative) : fromFixed(divide(sin, cos))
}

export function decimalAtan(x: Decimal): Decimal {
  if (x.kind === 'nan' || isTiny(x)) return x
  if (x.kind === 'infinity' || magnitude(x) > digits / 2) return x.negative ? negateDecimal(halfPi) : halfPi
  return fromFixed(fixedAtan(toFixed(x)))
}

/** The angle of the point (x, y), between −pi and pi. */
export function decimalAtan2(y: Decimal, x: Decimal): Decimal {
  if (x.kind === 'nan' || y.kind === 'nan') return decimalNaN
  const isFar = x.kind === 'infinity' || y.kind === 'infinity' || isZero(x) || isZero(y)
  // At the axes and at infinity doubles tell the quadrant, and the angle is a multiple of an eighth of a turn.
  if (isFar) return fromFixed((BigInt(Math.round(Math.atan2(sign(y), sign(x)) / (Math.PI / 4))) * fixedHalfPi) / 2n)
  const angle = fixedAtan(divide(toFixed({ ...y, negative: false }), toFixed({ ...x, negative: false }) || 1n))
  const turned = x.negative ? 2n * fixedHalfPi - angle : angle
  return fromFixed(y.negative ? -turned : turned)
}

/** A double in the same direction: infinite, of size one, or zero. */
function sign(x: Decimal): number {
  const size = x.kind === 'infinity' ? Infinity : isZero(x) ? 0 : 1
  return x.negative ? -size : size
}

/** Of a number between −1 and 1. */
export function decimalAsin(x: Decimal): Decimal {
  if (x.kind !== 'finite' || isTiny(x)) return x
  const fixed = toFixed(x)
  const rest = fixedRoot(one - multiply(fixed, fixed))
  return fromFixed(rest === 0n ? (fixed < 0n ? -fixedHalfPi : fixedHalfPi) : fixedAtan(divide(fixed, rest)))
}

/** Of a number between −1 and 1. */
export function decimalAcos(x: Decimal): Decimal {
  if (x.kind !== 'finite') return x
  const fixed = toFixed(x)
  if (fixed === one) return decimalZero
  const rest = fixedRoot(one - multiply(fixed, fixed))
  const asin = rest === 0n ? -fixedHalfPi : fixedAtan(divide(fixed, rest))
  return fromFixed(fixedHalfPi - asin)
}

/** e^x and e^-x; the sinh, cosh and tanh of x are made of them. Both fixed for |x| < 50. */
function hyperbolic(x: Decimal): { sinh: bigint; cosh: bigint } {
  const grown = fixedExp(toFixed(x))
  const shrunk = fixedExp(-toFixed(x))
  const scale = ({ value, exponent }: { value: bigint; exponent: number }): bigint =>
    exponent >= 0 ? value * powerOfTen(exponent) : value / powerOfTen(-exponent)
  const [up, down] = [scale(grown), scale(shrunk)]
  return { sinh: (up - down) / 2n, cosh: (up + down) / 2n }
}

const isSteep = (x: Decimal): boolean => x.kind === 'infinity' || Math.abs(doubleOfDecimal(x)) > 50
const half = decimal('0.5')

export function decimalSinh(x: Decimal): Decimal {
  if (x.kind === 'nan' || isTiny(x)) return x
  if (isSteep(x)) return { ...multiplyDecimals(decimalExp({ ...x, negative: false }), half), negative: x.negative }
  return fromFixed(hyperbolic(x).sinh)
}

export function decimalCosh(x: Decimal): Decimal {
  if (x.kind === 'nan') return x
  if (isSteep(x)) return multiplyDecimals(decimalExp({ ...x, negative: false }), half)
  return isTiny(x) ? decimalOne : fromFixed(hyperbolic(x).cosh)
}

export function decimalTanh(x: Decimal): Decimal {
  if (x.kind === 'nan' || isTiny(x)) return x
  if (isSteep(x)) return { ...decimalOne, negative: x.negative }
  const { sinh, cosh } = hyperbolic(x)
  return fromFixed(divide(sinh, cosh))
}

export function decimalAsinh(x: Decimal): Decimal {
  if (x.kind !== 'finite' || isTiny(x)) return x
  const size = { ...x, negative: false }
  const log =
    magnitude(x) > digits / 2
      ? fixedLogOf(size) + fixedLog(2n * one)
      : fixedLog(toFixed(size) + rootOfSquareAnd(size, one))
  return fromFixed(x.negative ? -log : log)
}

/** Of a number from 1. */
export function decimalAcosh(x: Decimal): Decimal {
  if (x.kind !== 'finite') return x
  if (magnitude(x) > digits / 2) return fromFixed(fixedLogOf(x) + fixedLog(2n * one))
  const log = fixedLog(toFixed(x) + rootOfSquareAnd(x, -one))
  return log === 0n ? decimalZero : fromFixed(log)
}

function rootOfSquareAnd(x: Decimal, addend: bigint): bigint {
  const fixed = toFixed(x)
  return fixedRoot(multiply(fixed, fixed) + addend)
}

/** Of a number between −1 and 1; infinite at the ends. */
export function decimalAtanh(x: Decimal): Decimal {
  if (x.kind !== 'finite' || isTiny(x)) return x
  const fixed = toFixed(x)
  if (fixed === one || fixed === -one) return infinity(x.negative)
  return fromFixed(fixedLog(divide(one + fixed, one - fixed)) / 2n)
}

export const decimalRadians = (degrees: Decimal): Decimal => multiplyDecimals(degrees, degree)
export const decimalDegrees = (radians: Decimal): Decimal => multiplyDecimals(radians, radian)
