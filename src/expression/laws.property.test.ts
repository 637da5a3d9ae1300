import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arbitraryNumber, arbitraryValue } from '../bson/arbitrary.suite.ts'
import { compareValues } from '../bson/compare.ts'
import { arrayValue, documentOf, encodeDocument, encodeValue } from '../bson/encode.ts'
import { itemsOf } from '../bson/reader.ts'
import { type Value, documentValue, toInt32 } from '../bson/value.ts'
import { compileExpression } from './expression.ts'
import { isTrue } from './truth.ts'
import { rootVariables } from './variables.ts'

const variables = rootVariables({ nowMs: 0, clusterTime: 0n })

/** What an expression gives where `$a` and `$b` are arrays of these items. */
function run(spec: object, a: readonly Value[], b: readonly Value[] = []): Value {
  const document = documentOf([
    ['a', arrayValue(a)],
    ['b', arrayValue(b)],
  ])
  const compiled = compileExpression(documentValue(encodeDocument(spec as Record<string, string>)), {})
  const result = compiled(document, variables)
  if (result === undefined) throw new TypeError('a value was expected')
  return result
}

const values = fc.array(arbitraryValue, { maxLength: 6 })
const integers = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 })
const ints = (numbers: readonly number[]): Value[] => numbers.map(number => encodeValue(number))
const numbersOf = (array: Value): number[] => itemsOf(array).map(toInt32)
const same = (left: Value, right: Value) => expect(Buffer.from(bytesOf(left)).equals(bytesOf(right))).toBe(true)
const bytesOf = (value: Value): Uint8Array => value.bytes.subarray(value.start, value.end)

describe('arrays of any values', () => {
  test('$map to the item itself, $filter by true and $reverseArray twice give the array back', () => {
    fc.assert(
      fc.property(values, items => {
        const array = arrayValue(items)
        same(run({ $map: { input: '$a', in: '$$this' } }, items), array)
        same(run({ $filter: { input: '$a', cond: true } }, items), array)
        same(run({ $reverseArray: { $reverseArray: '$a' } }, items), array)
        same(run({ $concatArrays: ['$a', []] }, items), array)
      }),
    )
  })

  test('$zip with itself, taken apart again, gives the array back', () => {
    fc.assert(
      fc.property(values, items => {
        const zipped = { $zip: { inputs: ['$a', '$a'] } }
        same(run({ $map: { input: zipped, in: { $last: '$$this' } } }, items), arrayValue(items))
      }),
    )
  })

  test('$slice takes what comes first and what comes last, and together they are the array', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 8 }), (items, count) => {
        const rest = { $slice: ['$a', count, 100] }
        same(run({ $concatArrays: [{ $slice: ['$a', count] }, rest] }, items), arrayValue(items))
        same(run({ $slice: ['$a', -count] }, items), run({ $lastN: { n: count, input: '$a' } }, items))
      }),
    )
  })

  test('$sortArray orders the items, and loses none', () => {
    fc.assert(
      fc.property(values, items => {
        const sorted = itemsOf(run({ $sortArray: { input: '$a', sortBy: 1 } }, items))
        expect(sorted.length).toBe(items.length)
        for (const [index, item] of sorted.entries()) {
          if (index > 0) expect(compareValues(sorted[index - 1], item)).toBeLessThanOrEqual(0)
        }
        const texts = (list: readonly Value[]) => list.map(textOfBytes).toSorted()
        expect(texts(sorted)).toEqual(texts(items))
      }),
    )
  })

  test('a set has every value of its arrays once, and $setEquals sees no order', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const union = itemsOf(run({ $setUnion: ['$a', '$b'] }, a, b))
        const holds = (value: Value) => union.some(item => compareValues(item, value) === 0)
        expect([...a, ...b].every(holds)).toBe(true)
        expect(union.every((item, index) => index === 0 || compareValues(union[index - 1], item) < 0)).toBe(true)
        expect(isTrue(run({ $setEquals: ['$a', { $reverseArray: '$a' }] }, a))).toBe(true)
        expect(isTrue(run({ $setIsSubset: ['$a', { $setUnion: ['$b', '$a'] }] }, a, b))).toBe(true)
      }),
    )
  })
})

const textOfBytes = (value: Value): string => `${value.type} ${Buffer.from(bytesOf(value)).toString('hex')}`

test('set operations are those of JavaScript sets', () => {
  const ascending = (set: Iterable<number>) => [...set].toSorted((a, b) => a - b)
  fc.assert(
    fc.property(integers, integers, (a, b) => {
      const [left, right] = [new Set(a), new Set(b)]
      const of = (name: string) => numbersOf(run({ [name]: ['$a', '$b'] }, ints(a), ints(b)))
      expect(of('$setUnion')).toEqual(ascending(new Set([...a, ...b])))
      expect(of('$setIntersection')).toEqual(ascending([...left].filter(item => right.has(item))))
      expect(of('$setDifference')).toEqual([...left].filter(item => !right.has(item)))
      const isSubset = isTrue(run({ $setIsSubset: ['$a', '$b'] }, ints(a), ints(b)))
      expect(isSubset).toBe(a.every(item => right.has(item)))
    }),
  )
})

test('$range counts as a loop does', () => {
  const small = fc.integer({ min: -20, max: 20 })
  fc.assert(
    fc.property(
      small,
      small,
      small.filter(step => step !== 0),
      (start, end, step) => {
        const expected: number[] = []
        for (let at = start; step > 0 ? at < end : at > end; at += step) expected.push(at)
        expect(numbersOf(run({ $range: [start, end, step] }, []))).toEqual(expected)
      },
    ),
  )
})

test('an object taken apart and put together again is the same', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme-ascii', maxLength: 3 }), fc.integer()), fields => {
      const document = documentValue(encodeDocument(fields))
      same(
        run({ $first: { $map: { input: '$a', in: { $arrayToObject: { $objectToArray: '$$this' } } } } }, [document]),
        document,
      )
      same(run({ $mergeObjects: '$a' }, [document, document]), document)
    }),
  )
})

test('$min and $max are the ends of the sorted numbers, and $sum does not mind their order', () => {
  fc.assert(
    fc.property(fc.array(arbitraryNumber, { minLength: 1, maxLength: 6 }), numbers => {
      const sorted = itemsOf(run({ $sortArray: { input: '$a', sortBy: 1 } }, numbers))
      expect(compareValues(run({ $min: '$a' }, numbers), sorted[0])).toBe(0)
      expect(compareValues(run({ $max: '$a' }, numbers), sorted.at(-1))).toBe(0)
    }),
  )
  fc.assert(
    fc.property(fc.array(fc.integer(), { maxLength: 6 }), numbers => {
      same(run({ $sum: '$a' }, ints(numbers)), run({ $sum: { $reverseArray: '$a' } }, ints(numbers)))
    }),
  )
})
