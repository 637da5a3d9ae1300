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
  UUID,
} from 'bson'
import { dbPointerValue, undefinedValue, valueOf } from './arbitrary.suite.ts'
import { show } from './show.ts'
import { Value } from './value.ts'

test.each([
  [{ a: new Int32(1), b: 'x', d: [new Int32(1), new Int32(2)], e: null }, '{ a: 1, b: "x", d: [ 1, 2 ], e: null }'],
  [{ name: 'x' }, '{ name: "x" }'],
  [{ a: {}, b: [] }, '{ a: {}, b: [] }'],
  [new ObjectId('0102030405060708090a0b0c'), "ObjectId('0102030405060708090a0b0c')"],
  [new Double(1), '1.0'],
  [new Double(1.5), '1.5'],
  [new Double(0.1), '0.1'],
  [new Double(-0), '-0.0'],
  [new Double(1e-7), '1e-07'],
  [new Double(1e100), '1e+100'],
  [new Double(123456789012345680), '1.234567890123457e+17'],
  [new Double(NaN), 'nan'],
  [new Double(-Infinity), '-inf'],
  [Long.MAX_VALUE, '9223372036854775807'],
  [new Decimal128('1.10'), '1.10'],
  [true, 'true'],
  [new Date(-5), 'new Date(-5)'],
  [new Timestamp({ t: 5, i: 1 }), 'Timestamp(5, 1)'],
  [new BSONRegExp('a.b', 'i'), '/a.b/i'],
  [new BSONSymbol('s'), '"s"'],
  [new UUID('00112233-4455-6677-8899-aabbccddeeff'), 'UUID("00112233-4455-6677-8899-aabbccddeeff")'],
  [new Binary(Uint8Array.of(1, 0xab), 0), 'BinData(0, 01AB)'],
  [new Binary(new Uint8Array(100), 0), `BinData(0, ${'00'.repeat(75)}...)`],
  [new Code('f()'), 'f()'],
  [new Code('f()', { x: new Int32(1) }), 'CodeWScope( f(), { x: 1 })'],
  [new MinKey(), 'MinKey'],
  [new MaxKey(), 'MaxKey'],
  [undefinedValue, 'undefined'],
  [dbPointerValue('db.c', new Uint8Array(12)), "DBRef('db.c',000000000000000000000000)"],
  [undefined, 'missing'],
  ['y'.repeat(151), `"${'y'.repeat(150)}..."`],
])('%o is shown as %s', (value, text) => {
  expect(show(value === undefined || value instanceof Value ? value : valueOf(value))).toBe(text)
})

test('no text is much longer than two thousand characters, however large or deep the value', () => {
  expect(show(valueOf(Array.from({ length: 10_000 }, () => 'abc'))).length).toBeLessThan(2010)
  let deep: unknown = null
  for (let level = 0; level < 200; level++) deep = [deep]
  expect(show(valueOf(deep)).length).toBeLessThan(2010)
})
