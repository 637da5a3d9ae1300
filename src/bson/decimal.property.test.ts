import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { Decimal128 } from 'bson'
import { arbitraryDecimalText, arbitraryDoubleNumber } from './arbitrary.suite.ts'
import {
  compareDecimalToDouble,
  decimalOfDoubleRounded,
  decimalText,
  doubleOfDecimalTowardZero,
  parseDecimal,
} from './decimal-convert.ts'
import {
  addDecimals,
  compareDecimals,
  decimalNaN,
  decodeDecimal,
  divideDecimals,
  encodeDecimal,
  multiplyDecimals,
  negateDecimal,
  quantizeDecimal,
  remainderDecimals,
  subtractDecimals,
} from './decimal.ts'
import { decimalValue } from './encode.ts'
import type { Decimal } from './decimal.ts'

const decimal = arbitraryDecimalText.map(text => parseDecimal(text) ?? decimalNaN)
const finite = decimal.filter(({ kind }) => kind === 'finite')
/** Few digits and small exponents: sums and products of these are exact. */
const small = fc
  .tuple(fc.bigInt(-(10n ** 9n), 10n ** 9n), fc.integer({ min: -6, max: 6 }))
  .map(([coefficient, exponent]) => parseDecimal(`${coefficient}E${exponent}`) ?? decimalNaN)
const runs = { numRuns: 1000 }
const same = (a: Decimal, b: Decimal) => expect(decimalText(a)).toBe(decimalText(b))

test('text and bytes are those of the bson package, both ways', () => {
  fc.assert(
    fc.property(arbitraryDecimalText, text => {
      const theirs = Decimal128.fromStringWithRounding(text)
      const ours = decodeDecimal(decimalValue(theirs.bytes))
      expect(decimalText(ours)).toBe(theirs.toString())
      expect(Buffer.from(encodeDecimal(ours))).toEqual(Buffer.from(theirs.bytes))
      same(parseDecimal(theirs.toString()) ?? decimalNaN, ours)
    }),
    { numRuns: 3000 },
  )
})

test('addition and multiplication commute, quantum included', () => {
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      same(addDecimals(a, b), addDecimals(b, a))
      same(multiplyDecimals(a, b), multiplyDecimals(b, a))
    }),
    runs,
  )
})

test('a sum is the exact sum where that fits; else it is between its neighbours', () => {
  fc.assert(
    fc.property(finite, finite, (a, b) => {
      if (Math.abs(a.exponent - b.exponent) > 500) return
      const exponent = Math.min(a.exponent, b.exponent)
      const exact = (d: Decimal) => (d.negative ? -1n : 1n) * d.coefficient * 10n ** BigInt(d.exponent - exponent)
      const sum = exact(a) + exact(b)
      const result = addDecimals(a, b)
      if (result.kind !== 'finite') return
      const lift = 10n ** BigInt(result.exponent - exponent)
      const error = sum - (result.negative ? -1n : 1n) * result.coefficient * lift
      // Half a unit of the last digit at most, and none at all while there is room for more digits.
      expect((error < 0n ? -error : error) * 2n <= lift).toBe(true)
      if (error !== 0n) expect(result.coefficient.toString().length).toBe(34)
    }),
    runs,
  )
})

test('a − b + b is a, a × b ÷ b is a, and a ÷ b × b + a % b leads back to a', () => {
  fc.assert(
    fc.property(small, small, (a, b) => {
      expect(compareDecimals(addDecimals(subtractDecimals(a, b), b), a)).toBe(0)
      if (b.coefficient === 0n) return
      expect(compareDecimals(divideDecimals(multiplyDecimals(a, b), b), a)).toBe(0)
      const remainder = remainderDecimals(a, b)
      const whole = divideDecimals(subtractDecimals(a, remainder), b)
      expect(compareDecimals(whole, quantizeDecimal(whole, 0, 'trunc'))).toBe(0)
      expect(compareDecimals({ ...remainder, negative: false }, { ...b, negative: false })).toBe(-1)
    }),
    runs,
  )
})

test('a quotient has an error of half a unit of its 34th digit at most', () => {
  fc.assert(
    fc.property(finite, finite, (a, b) => {
      const quotient = divideDecimals(a, b)
      if (b.coefficient === 0n || quotient.kind !== 'finite' || quotient.exponent <= -6176) return
      // |a − q·b| ≤ ulp·b / 2, all lifted to integers.
      const product = quotient.coefficient * b.coefficient
      const productExponent = quotient.exponent + b.exponent
      const least = Math.min(productExponent, a.exponent)
      const lifted = (coefficient: bigint, exponent: number) => coefficient * 10n ** BigInt(exponent - least)
      const error = lifted(a.coefficient, a.exponent) - lifted(product, productExponent)
      expect((error < 0n ? -error : error) * 2n <= lifted(b.coefficient, productExponent)).toBe(true)
    }),
    runs,
  )
})

test('compareDecimals is a total order that negation turns round', () => {
  fc.assert(
    fc.property(decimal, decimal, decimal, (a, b, c) => {
      expect(compareDecimals(a, b)).toBe(0 - compareDecimals(b, a))
      if (compareDecimals(a, b) <= 0 && compareDecimals(b, c) <= 0) expect(compareDecimals(a, c)).toBeLessThanOrEqual(0)
      if (a.kind === 'nan' || b.kind === 'nan') return
      expect(Math.sign(compareDecimals(negateDecimal(a), negateDecimal(b)))).toBe(Math.sign(compareDecimals(b, a)))
    }),
    runs,
  )
})

test('floor ≤ value ≤ ceil, and half-even is one of the two', () => {
  fc.assert(
    fc.property(finite, fc.integer({ min: -20, max: 20 }), (value, exponent) => {
      const floor = quantizeDecimal(value, exponent, 'floor')
      const ceil = quantizeDecimal(value, exponent, 'ceil')
      const even = quantizeDecimal(value, exponent, 'half-even')
      expect(compareDecimals(floor, value)).toBeLessThanOrEqual(0)
      expect(compareDecimals(ceil, value)).toBeGreaterThanOrEqual(0)
      expect(compareDecimals(even, floor) === 0 || compareDecimals(even, ceil) === 0).toBe(true)
    }),
    runs,
  )
})

test('fifteen digits of a double are those that toPrecision shows', () => {
  fc.assert(
    fc.property(arbitraryDoubleNumber, double => {
      if (!Number.isFinite(double) || double === 0) return
      const ours = decimalOfDoubleRounded(double)
      expect(ours.coefficient.toString().length).toBe(15)
      // Where an exact tie makes toPrecision go up, ours may be one less.
      const theirs = parseDecimal(double.toPrecision(15)) ?? decimalNaN
      if (compareDecimals(ours, theirs) !== 0) expect(ours.coefficient % 2n).toBe(0n)
      else expect(Number(decimalText(ours))).toBe(Number(double.toPrecision(15)))
    }),
    runs,
  )
})

test('the double towards zero of a decimal is never past it, and no other is between them', () => {
  fc.assert(
    fc.property(finite, value => {
      const magnitude = { ...value, negative: false }
      const double = doubleOfDecimalTowardZero(magnitude)
      const negative = doubleOfDecimalTowardZero(negateDecimal(magnitude))
      expect(Math.abs(negative)).toBe(double)
      expect(compareDecimalToDouble(magnitude, double)).toBeGreaterThanOrEqual(0)
      // The neighbour away from zero is past it.
      const bits = new DataView(new ArrayBuffer(8))
      bits.setFloat64(0, double)
      bits.setBigInt64(0, bits.getBigInt64(0) + 1n)
      expect(compareDecimalToDouble(magnitude, bits.getFloat64(0))).toBe(-1)
    }),
    runs,
  )
})
