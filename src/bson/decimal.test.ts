import { expect, test } from 'vitest'
import { Decimal128 } from 'bson'
import {
  compareDecimalToDouble,
  decimalOfDouble,
  decimalOfDoubleRounded,
  decimalText,
  doubleOfDecimal,
  doubleOfDecimalTowardZero,
  parseDecimal,
} from './decimal-convert.ts'
import {
  addDecimals,
  compareDecimals,
  decodeDecimal,
  divideDecimals,
  encodeDecimal,
  multiplyDecimals,
  quantizeDecimal,
  remainderDecimals,
  subtractDecimals,
} from './decimal.ts'
import { decimalValue } from './encode.ts'
import type { Decimal, Rounding } from './decimal.ts'

function decimal(text: string): Decimal {
  const parsed = parseDecimal(text)
  if (parsed === undefined) throw new TypeError(`not a decimal: ${text}`)
  return parsed
}

const operations = {
  '+': addDecimals,
  '-': subtractDecimals,
  '*': multiplyDecimals,
  '/': divideDecimals,
  '%': remainderDecimals,
}

test.each([
  ['1.10 + 1.20', '2.30'],
  ['1.0 + 1.00', '2.00'],
  ['9999999999999999999999999999999999 + 1', '1.000000000000000000000000000000000E+34'],
  ['1E+6000 + 1', '1.000000000000000000000000000000000E+6000'],
  ['1E+40 + 1', '1.000000000000000000000000000000000E+40'],
  ['1E+33 + -1', '999999999999999999999999999999999'],
  ['1E+6111 + -1E-6176', '1.000000000000000000000000000000000E+6111'],
  ['1E+200 + 0', '1.000000000000000000000000000000000E+200'],
  ['0E+200 + 0E-5', '0.00000'],
  ['0E+200 + -0E-5', '0.00000'],
  ['-0 + -0', '-0'],
  ['1 + -1.00', '0.00'],
  // Ties go to the even digit.
  ['9999999999999999999999999999999998 + 0.5', '9999999999999999999999999999999998'],
  ['1000000000000000000000000000000001 + 0.5', '1000000000000000000000000000000002'],
  ['1000000000000000000000000000000000 + 0.5', '1000000000000000000000000000000000'],
  ['9.999999999999999999999999999999999E+6144 + 9.999999999999999999999999999999999E+6144', 'Infinity'],
  ['Infinity + 1', 'Infinity'],
  ['Infinity + -Infinity', 'NaN'],
  ['NaN + 1', 'NaN'],
  ['1.00 - 0.10', '0.90'],
  ['Infinity - Infinity', 'NaN'],
  ['1.0 * 1.00', '1.000'],
  ['-0 * 5', '-0'],
  ['1.5 * -2', '-3.0'],
  ['1E+6000 * 1E+200', 'Infinity'],
  ['1E-6000 * 1E-200', '0E-6176'],
  ['1E-6176 * 0.5', '0E-6176'],
  ['3E-6176 * 0.5', '2E-6176'],
  ['Infinity * 0', 'NaN'],
  ['Infinity * -1', '-Infinity'],
  ['1 / 3', '0.3333333333333333333333333333333333'],
  ['2 / 3', '0.6666666666666666666666666666666667'],
  ['1.00 / 2', '0.50'],
  ['6 / 2', '3'],
  ['1 / 8', '0.125'],
  ['100 / 1E+2', '1.00'],
  ['1E+3 / 1', '1E+3'],
  ['1 / Infinity', '0E-6176'],
  ['1 / 0', 'Infinity'],
  ['-1 / 0', '-Infinity'],
  ['0 / 0', 'NaN'],
  ['0 / 7', '0'],
  ['1E-6176 / 2', '0E-6176'],
  ['5 % 3', '2'],
  ['-5 % 3', '-2'],
  ['5 % -3', '2'],
  ['5.5 % 0.25', '0.00'],
  ['1 % 0.3', '0.1'],
  ['1E+100 % 7', '4'],
  ['3 % 1E+100', '3'],
  ['3 % Infinity', '3'],
  ['3 % 0', 'NaN'],
])('%s is %s', (sum, expected) => {
  const [a = '', operator = '', b = ''] = sum.split(' ')
  expect(decimalText(operations[operator as '+'](decimal(a), decimal(b)))).toBe(expected)
})

test.each([
  '0',
  '-0',
  '0.00',
  '0E+3',
  '0E-7',
  '-0E-6176',
  '0E+6111',
  '1',
  '-1',
  '1.0',
  '12345.678',
  '0.001234',
  '0.000001',
  '1E-7',
  '1.23E-7',
  '1E+3',
  '1.5E+10',
  '9.999999999999999999999999999999999E+6144',
  '1E-6176',
  '1.000000000000000000000000000000000E+6144',
  'Infinity',
  '-Infinity',
  'NaN',
  '1234567890123456789012345678901234',
  '0.1234567890123456789012345678901234',
])('%s has the same bytes and the same text as with the bson package', text => {
  const theirs = Decimal128.fromString(text)
  expect(Buffer.from(encodeDecimal(decimal(text)))).toEqual(Buffer.from(theirs.bytes))
  expect(decimalText(decodeDecimal(decimalValue(theirs.bytes)))).toBe(theirs.toString())
})

test.each([
  ['+1', '1'],
  ['.5', '0.5'],
  ['5.', '5'],
  ['1e5', '1E+5'],
  ['00012', '12'],
  ['inf', 'Infinity'],
  ['-INFINITY', '-Infinity'],
  ['nan', 'NaN'],
  ['1E+6112', '1.0E+6112'],
  ['1E+6145', 'Infinity'],
  ['1E-6177', '0E-6176'],
  ['6E-6177', '1E-6176'],
  ['15E-6177', '2E-6176'],
  ['1E+999999999999', 'Infinity'],
  ['-1E-999999999999', '-0E-6176'],
  ['0E+999999999999', '0E+6111'],
  ['12345678901234567890123456789012345', '1.234567890123456789012345678901234E+34'],
  ['12345678901234567890123456789012355', '1.234567890123456789012345678901236E+34'],
  [`1${'0'.repeat(33)}5${'0'.repeat(100)}1`, '1.000000000000000000000000000000001E+135'],
  [`1${'0'.repeat(33)}5${'0'.repeat(100)}`, '1.000000000000000000000000000000000E+134'],
])('%s reads as %s', (text, expected) => {
  expect(decimalText(decimal(text))).toBe(expected)
})

test.each(['', '.', '1,5', '1 ', ' 1', '0x1', '1E', 'E5', '--1', 'infinit', '1_000', 'NaN(1)'])(
  '%j is no number',
  text => {
    expect(parseDecimal(text)).toBeUndefined()
  },
)

test.each([
  ['a coefficient past 34 digits', 'ffffffffffffffffffffffffffff4130', '0'],
  ['both exponent bits set', '0100000000000000000000000000106c', '0'],
  ['the sign of such a zero', '010000000000000000000000000010ec', '-0'],
  ['bits behind an infinity', '01000000000000000000000000000078', 'Infinity'],
  ['bits behind a NaN, and its sign', '010000000000000000000000000000fe', 'NaN'],
])('%s is not canonical, and reads so', (_what, bytes, expected) => {
  expect(decimalText(decodeDecimal(decimalValue(Buffer.from(bytes, 'hex'))))).toBe(expected)
})

test.each([
  [0.1, '0.100000000000000'],
  [1, '1.00000000000000'],
  [1.5, '1.50000000000000'],
  [-0.1, '-0.100000000000000'],
  [1e16, '1.00000000000000E+16'],
  [0, '0'],
  [-0, '-0'],
  [1 / 3, '0.333333333333333'],
  [2 / 3, '0.666666666666667'],
  [Number.MAX_VALUE, '1.79769313486232E+308'],
  [5e-324, '4.94065645841247E-324'],
  [0.001 / 10, '0.000100000000000000'],
  [Infinity, 'Infinity'],
  [NaN, 'NaN'],
  // A tie at the fifteenth digit.
  [100000000000000.5, '100000000000000'],
  [100000000000001.5, '100000000000002'],
  [999999999999999.9, '1.00000000000000E+15'],
])('the double %d counts as %s with decimals', (double, expected) => {
  expect(decimalText(decimalOfDoubleRounded(double))).toBe(expected)
})

test('a double is exactly itself where 34 digits are enough', () => {
  expect(decimalText(decimalOfDouble(0.1))).toBe('0.1000000000000000055511151231257827')
  expect(decimalText(decimalOfDouble(0.1, 'away'))).toBe('0.1000000000000000055511151231257828')
  expect(decimalText(decimalOfDouble(1.5))).toBe('1.5')
  expect(decimalText(decimalOfDouble(2 ** 100))).toBe('1267650600228229401496703205376')
})

test.each([
  ['1.25', 1, 'half-even', '1.2'],
  ['1.35', 1, 'half-even', '1.4'],
  ['-1.25', 1, 'half-even', '-1.2'],
  ['1.29', 1, 'trunc', '1.2'],
  ['-1.21', 1, 'floor', '-1.3'],
  ['1.21', 1, 'ceil', '1.3'],
  ['-1.29', 1, 'ceil', '-1.2'],
  ['1.2', 3, 'half-even', '1.200'],
  ['1250', -2, 'half-even', '1.2E+3'],
  ['0.4', 0, 'half-even', '0'],
  ['-0.4', 0, 'half-even', '-0'],
  ['NaN', 0, 'floor', 'NaN'],
  ['Infinity', 0, 'floor', 'Infinity'],
  ['1E+40', 0, 'floor', '1E+40'],
  ['9.99', 1, 'half-even', '10.0'],
] as const)('%s at %d places, %s, is %s', (text, places, rounding: Rounding, expected) => {
  expect(decimalText(quantizeDecimal(decimal(text), -places, rounding))).toBe(expected)
})

test('decimals and doubles compare by their exact values', () => {
  expect(compareDecimalToDouble(decimal('0.1'), 0.1)).toBe(-1)
  expect(compareDecimalToDouble(decimal('0.5'), 0.5)).toBe(0)
  expect(compareDecimalToDouble(decimal('1E+400'), Infinity)).toBe(-1)
  expect(compareDecimalToDouble(decimal('-1E+400'), -Infinity)).toBe(1)
  expect(compareDecimalToDouble(decimal('1E-400'), 0)).toBe(1)
  expect(compareDecimalToDouble(decimal('-1E-400'), 0)).toBe(-1)
  expect(compareDecimals(decimal('1.0'), decimal('1.00'))).toBe(0)
})

test('a decimal becomes the nearest double, or the next towards zero', () => {
  expect(doubleOfDecimal(decimal('0.1'))).toBe(0.1)
  expect(doubleOfDecimal(decimal('1E+400'))).toBe(Infinity)
  expect(doubleOfDecimalTowardZero(decimal('0.1'))).toBe(0.09999999999999999)
  expect(doubleOfDecimalTowardZero(decimal('-0.1'))).toBe(-0.09999999999999999)
  expect(doubleOfDecimalTowardZero(decimal('1E+400'))).toBe(Number.MAX_VALUE)
  expect(doubleOfDecimalTowardZero(decimal('1E-400'))).toBe(0)
  expect(doubleOfDecimalTowardZero(decimal('9007199254740993'))).toBe(9007199254740992)
})
