import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { Decimal128, Double, Int32, Long } from 'bson'
import { arbitraryNumber, valueOf } from './arbitrary.suite.ts'
import { compareValues } from './compare.ts'
import {
  addNumbers,
  divideNumbers,
  isNaNValue,
  moduloNumbers,
  multiplyNumbers,
  roundNumber,
  subtractNumbers,
  toExactInteger,
  toNearestDouble,
} from './number.ts'
import { show } from './show.ts'
import { typeName } from './value.ts'
import type { Value } from './value.ts'

const int = (value: number) => valueOf(new Int32(value))
const long = (value: bigint) => valueOf(Long.fromBigInt(value))
const double = (value: number) => valueOf(new Double(value))
const decimal = (text: string) => valueOf(new Decimal128(text))
const shown = (value: Value) => `${typeName(value)} ${show(value)}`
const longMax = 2n ** 63n - 1n

test.each([
  [addNumbers, int(1), int(2), 'int 3'],
  [addNumbers, int(0x7fff_ffff), int(1), 'long 2147483648'],
  [subtractNumbers, int(-0x8000_0000), int(1), 'long -2147483649'],
  [addNumbers, int(1), long(2n), 'long 3'],
  [addNumbers, long(longMax), int(1), 'double 9.223372036854776e+18'],
  [addNumbers, int(1), double(2), 'double 3.0'],
  [addNumbers, int(1), decimal('2.0'), 'decimal 3.0'],
  [addNumbers, double(0.1), decimal('1'), 'decimal 1.100000000000000'],
  [addNumbers, long(longMax), decimal('0.5'), 'decimal 9223372036854775807.5'],
  [subtractNumbers, long(5n), int(7), 'long -2'],
  [subtractNumbers, decimal('1.10'), decimal('0.1'), 'decimal 1.00'],
  [multiplyNumbers, int(0x7fff_ffff), int(0x7fff_ffff), 'long 4611686014132420609'],
  [multiplyNumbers, int(-0x8000_0000), int(-0x8000_0000), 'long 4611686018427387904'],
  [multiplyNumbers, int(-3), int(0), 'int 0'],
  [multiplyNumbers, long(longMax), long(2n), 'double 1.844674407370955e+19'],
  [multiplyNumbers, int(3), double(0.5), 'double 1.5'],
  [multiplyNumbers, decimal('1.0'), decimal('1.00'), 'decimal 1.000'],
  [divideNumbers, int(6), int(4), 'double 1.5'],
  [divideNumbers, long(6n), int(3), 'double 2.0'],
  [divideNumbers, int(1), decimal('3'), 'decimal 0.3333333333333333333333333333333333'],
  [moduloNumbers, int(-7), int(3), 'int -1'],
  [moduloNumbers, int(-0x8000_0000), int(-1), 'int 0'],
  [moduloNumbers, int(7), double(3), 'int 1'],
  [moduloNumbers, int(7), double(2.5), 'double 2.0'],
  [moduloNumbers, double(7.5), int(2), 'double 1.5'],
  [moduloNumbers, long(2n ** 53n + 1n), int(2), 'long 1'],
  [moduloNumbers, decimal('5.5'), int(2), 'decimal 1.5'],
])('%o of the promoted types', (operation, a, b, expected) => {
  expect(shown(operation(a, b))).toBe(expected)
})

test.each([
  [double(2.5), 0, 'half-even', 'double 2.0'],
  [double(3.5), 0, 'half-even', 'double 4.0'],
  [double(-2.5), 0, 'half-even', 'double -2.0'],
  [double(1.25), 1, 'half-even', 'double 1.2'],
  [double(1.15), 1, 'half-even', 'double 1.1'],
  [double(-1.5), 0, 'floor', 'double -2.0'],
  [double(-1.5), 0, 'ceil', 'double -1.0'],
  [double(-1.5), 0, 'trunc', 'double -1.0'],
  [double(1234.5), -2, 'trunc', 'double 1200.0'],
  [double(NaN), 0, 'floor', 'double nan'],
  [double(1e300), 0, 'half-even', 'double 1e+300'],
  [int(1234), -2, 'half-even', 'int 1200'],
  [int(0x7fff_ffff), -1, 'half-even', 'long 2147483650'],
  [int(5), 3, 'half-even', 'int 5'],
  [long(-15n), -1, 'half-even', 'long -20'],
  [long(-15n), -1, 'floor', 'long -20'],
  [long(15n), -20, 'half-even', 'long 0'],
  [decimal('1.25'), 1, 'half-even', 'decimal 1.2'],
  [decimal('1.5'), 0, 'ceil', 'decimal 2'],
] as const)('a number rounds in its own type: %o at %d places, %s, is %s', (value, places, rounding, expected) => {
  expect(shown(roundNumber(value, places, rounding))).toBe(expected)
})

test('a long that rounds past its range is refused', () => {
  expect(() => roundNumber(long(longMax), -1, 'half-even')).toThrow(expect.objectContaining({ code: 51080 }))
})

test('an exact integer is one whatever its type', () => {
  expect(toExactInteger(int(-5))).toBe(-5n)
  expect(toExactInteger(long(longMax))).toBe(longMax)
  expect(toExactInteger(double(-0))).toBe(0n)
  expect(toExactInteger(double(2 ** 62))).toBe(2n ** 62n)
  expect(toExactInteger(double(2 ** 63))).toBeUndefined()
  expect(toExactInteger(double(-(2 ** 63)))).toBe(-(2n ** 63n))
  expect(toExactInteger(double(1.5))).toBeUndefined()
  expect(toExactInteger(double(NaN))).toBeUndefined()
  expect(toExactInteger(decimal('100E-2'))).toBe(1n)
  expect(toExactInteger(decimal('1E+18'))).toBe(10n ** 18n)
  expect(toExactInteger(decimal('1E+19'))).toBeUndefined()
  expect(toExactInteger(decimal('1.5'))).toBeUndefined()
  expect(toExactInteger(decimal('1E-6000'))).toBeUndefined()
  expect(toExactInteger(decimal('0E+6000'))).toBe(0n)
  expect(toExactInteger(decimal('Infinity'))).toBeUndefined()
  expect(toExactInteger(valueOf('5'))).toBeUndefined()
})

test('only doubles and decimals are ever NaN', () => {
  expect([double(NaN), decimal('NaN'), double(1), decimal('1'), int(1), valueOf('NaN')].map(isNaNValue)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})

test('an exact integer equals its number, and the nearest double keeps the order', () => {
  fc.assert(
    fc.property(arbitraryNumber, arbitraryNumber, (a, b) => {
      const integer = toExactInteger(a)
      if (integer !== undefined) expect(compareValues(a, long(integer))).toBe(0)
      if (isNaNValue(a) || isNaNValue(b)) return
      if (compareValues(a, b) <= 0) expect(toNearestDouble(a)).toBeLessThanOrEqual(toNearestDouble(b))
    }),
    { numRuns: 2000 },
  )
})
