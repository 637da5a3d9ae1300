import { Decimal128, type Document, Double, EJSON, Long, deserialize, serialize } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { doubleValue, encodeDocument, int32Value, int64Value } from '../bson/encode.ts'
import { getField } from '../bson/reader.ts'
import { toDouble, toInt32, toInt64, typeName } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import { NumberTotal, integerValue } from './number-total.ts'

const bytesOf = (document: Document): Uint8Array => serialize(document)
const documentOfBytes = (bytes: Uint8Array): Document => deserialize(bytes, { promoteValues: false })
const textOf = (document: Document): string => EJSON.stringify(document, { relaxed: false })

const sumOf = (numbers: readonly Value[]): Value => {
  const total = new NumberTotal()
  for (const number of numbers) total.add(number)
  return total.sum()
}

const int64s = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

test('int32s are summed exactly, in an int32 where it fits', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), integers => {
      const exact = integers.reduce((sum, integer) => sum + BigInt(integer), 0n)
      const sum = sumOf(integers.map(int32Value))
      expect(typeName(sum) === 'int' ? BigInt(toInt32(sum)) : toInt64(sum)).toBe(exact)
      expect(typeName(sum)).toBe(BigInt.asIntN(32, exact) === exact ? 'int' : 'long')
    }),
  )
})

test('int64s are summed exactly while the sum is one, in any order', () => {
  fc.assert(
    fc.property(fc.array(int64s, { minLength: 1 }), integers => {
      const exact = integers.reduce((sum, integer) => sum + integer, 0n)
      const sum = sumOf(integers.map(int64Value))
      if (BigInt.asIntN(64, exact) === exact) expect(toInt64(sum)).toBe(exact)
      else expect(toDouble(sum)).toBe(Number(exact))
    }),
  )
})

test('integers in doubles are summed as integers are', () => {
  const safe = fc.maxSafeInteger()
  fc.assert(
    fc.property(fc.array(safe, { minLength: 1 }), fc.array(safe), (doubles, integers) => {
      const exact = [...doubles, ...integers].reduce((sum, integer) => sum + BigInt(integer), 0n)
      const values = [...doubles.map(doubleValue), ...integers.map(integer => int64Value(BigInt(integer)))]
      expect(toDouble(sumOf(values))).toBe(Number(exact))
    }),
  )
})

test.each<[unknown[], unknown]>([
  [[], 0],
  [[new Double(-0)], new Double(0)],
  [Array.from({ length: 10 }, () => 0.1), new Double(1)],
  [[1e16, 1, new Double(-1e16)], new Double(1)],
  [[new Double(Infinity), 1], new Double(Infinity)],
  [[new Double(-Infinity), new Double(Infinity)], new Double(NaN)],
  [[Decimal128.fromString('0.1'), 1, Long.fromInt(2)], Decimal128.fromString('3.1')],
  [[1.5, Decimal128.fromString('1')], Decimal128.fromString('2.50000000000000')],
])('the sum of %j is %j', (numbers, result) => {
  const values = numbers.map(number => getField(bytesOf({ number }), 'number')).filter(value => value !== undefined)
  expect(textOf(documentOfBytes(encodeDocument({ result: sumOf(values) })))).toBe(textOf({ result }))
})

test('an integer takes the smallest type that holds it', () => {
  expect([2n ** 31n - 1n, 2n ** 31n, 2n ** 63n].map(integer => typeName(integerValue(integer)))).toEqual([
    'int',
    'long',
    'double',
  ])
})
