import { expect, test } from 'vitest'
import {
  BSONRegExp,
  BSONSymbol,
  Binary,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson'
import { dbPointerValue, undefinedValue, valueOf } from './arbitrary.suite.ts'
import { compareValues, equalValues, typeClass } from './compare.ts'
import { show } from './show.ts'
import { Value, ownedValue } from './value.ts'
import type { Collation } from './collation.ts'

const toValue = (value: unknown): Value | undefined =>
  value === undefined || value instanceof Value ? value : valueOf(value)
const sign = (a: unknown, b: unknown, collation?: Collation) =>
  Math.sign(compareValues(toValue(a), toValue(b), collation))

/** Steps of the order: what stands in one row is equal, each row is less than the next. */
const steps: readonly (readonly unknown[])[] = [
  [new MinKey()],
  [undefined, undefinedValue],
  [null],
  [new Double(NaN), new Decimal128('NaN')],
  [new Double(-Infinity), new Decimal128('-Infinity')],
  [new Decimal128('-1E+6000')],
  [Long.MIN_VALUE, new Double(-(2 ** 63)), new Decimal128('-9223372036854775808')],
  [new Int32(-1), new Double(-1), Long.fromNumber(-1), new Decimal128('-1.0')],
  [new Decimal128('-1E-6000')],
  [new Int32(0), new Double(0), new Double(-0), Long.ZERO, new Decimal128('0'), new Decimal128('-0E+10')],
  [new Double(5e-324)],
  [new Decimal128('0.1')],
  [new Double(0.1)],
  [new Int32(1), new Double(1), Long.ONE, new Decimal128('1'), new Decimal128('1.000')],
  [new Double(1.5), new Decimal128('1.5')],
  [new Double(2 ** 53), Long.fromBigInt(2n ** 53n)],
  [Long.fromBigInt(2n ** 53n + 1n), new Decimal128('9007199254740993')],
  [new Decimal128('9007199254740993.5')],
  [Long.MAX_VALUE],
  [new Double(2 ** 63), new Decimal128('9223372036854775808')],
  [new Double(Number.MAX_VALUE)],
  [new Decimal128('1E+400')],
  [new Double(Infinity), new Decimal128('Infinity')],
  [''],
  ['a', new BSONSymbol('a')],
  ['a\0'],
  ['ab'],
  ['b'],
  ['é'],
  ['\uffff'],
  // Beyond the basic plane: last by bytes, not last by UTF-16.
  ['😀'],
  [{}],
  [{ b: null }],
  // The type of the first field weighs more than its name, and its name more than its value.
  [{ a: new Int32(2) }],
  [{ a: new Int32(2), b: new Int32(0) }],
  [{ a: new Int32(3) }, { a: new Double(3) }],
  [{ b: new Int32(1) }],
  [{ a: 'x' }],
  [[]],
  [[new Int32(1)], [Long.ONE]],
  [[new Int32(1), null]],
  [[new Int32(2)]],
  [['a']],
  [new Binary(new Uint8Array(0), 0)],
  [new Binary(Uint8Array.of(9), 0)],
  [new Binary(Uint8Array.of(1), 4)],
  [new Binary(Uint8Array.of(0, 0), 0)],
  [new ObjectId('000000000000000000000000')],
  [new ObjectId('ff0000000000000000000000')],
  [false],
  [true],
  [new Date(-1)],
  [new Date(0)],
  [new Date(2 ** 33)],
  [new Timestamp({ t: 1, i: 2 })],
  [new Timestamp({ t: 0xffff_ffff, i: 0 })],
  [new BSONRegExp('a', '')],
  [new BSONRegExp('a', 'i')],
  [new BSONRegExp('ab', '')],
  [dbPointerValue('b', new Uint8Array(12))],
  [dbPointerValue('aa', new Uint8Array(12))],
  [new Code('a')],
  [new Code('b')],
  [new Code('a', {})],
  [new Code('a', { x: 1 })],
  [new Code('b', {})],
  [new MaxKey()],
]

test('values of all types stand in the order of the server', () => {
  for (const [index, row] of steps.entries()) {
    for (const [otherIndex, otherRow] of steps.entries()) {
      for (const a of row) {
        for (const b of otherRow) {
          const claim = `${show(toValue(a))} against ${show(toValue(b))}`
          expect(sign(a, b), claim).toBe(Math.sign(index - otherIndex))
          expect(equalValues(toValue(a), toValue(b)), claim).toBe(index === otherIndex)
        }
      }
    }
  }
})

test('classes of types: the four numbers are one, string and symbol are one, missing is undefined', () => {
  const classOf = (value: unknown) => typeClass(toValue(value))
  expect(new Set([1, 1.5, Long.ONE, new Decimal128('1')].map(classOf)).size).toBe(1)
  expect(classOf('a')).toBe(classOf(new BSONSymbol('b')))
  expect(classOf(undefined)).toBe(classOf(undefinedValue))
  expect(classOf(null)).not.toBe(classOf(undefined))
})

test('long texts are compared to their end', () => {
  const long = 'x'.repeat(100)
  expect(sign(`${long}a`, `${long}b`)).toBe(-1)
  expect(sign(long, `${long}b`)).toBe(-1)
  expect(sign(`${long}b`, long)).toBe(1)
  expect(equalValues(valueOf(long), ownedValue(valueOf(long)))).toBe(true)
  expect(sign(new Code(`${long}a`), new Code(`${long}b`))).toBe(-1)
})

test('a collation decides about strings, those inside of documents and arrays too', () => {
  const upperOnly = { compare: (a: string, b: string) => Number(a.toUpperCase() > b.toUpperCase()), spec: valueOf({}) }
  expect(sign('a', 'A', upperOnly)).toBe(0)
  expect(sign({ x: ['a'] }, { x: ['A'] }, upperOnly)).toBe(0)
  expect(equalValues(valueOf({ x: ['a'] }), valueOf({ x: ['A'] }), upperOnly)).toBe(true)
  expect(sign({ a: 1 }, { A: 1 }, upperOnly)).toBe(1)
})

test('names are compared whatever follows them', () => {
  expect(sign({ a: '' }, { ab: '' })).toBe(-1)
  expect(sign({ ab: '' }, { a: '' })).toBe(1)
  expect(sign({ '': 1 }, { a: 1 })).toBe(-1)
})
