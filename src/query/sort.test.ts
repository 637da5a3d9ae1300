/** In which order a sort puts documents. */
import { Int32, MinKey } from 'bson'
import type { Document } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCollation } from '../bson/collation.ts'
import { compareValues } from '../bson/compare.ts'
import { elementsOf } from '../bson/reader.ts'
import { bytesOf, readCases, refusalOf, valueOf } from './query.suite.ts'
import { compileName } from './element.ts'
import { sortKeys } from './sort-keys.ts'
import { compileSort } from './sort.ts'

/** The `n` of the documents in their order. */
function sorted(spec: Document, documents: readonly Document[], collation?: Document): number[] {
  const sort = compileSort(valueOf(spec), collation && parseCollation(valueOf(collation)))
  return documents
    .map((document, n) => ({ n, key: sort.keyOf(bytesOf(document)) }))
    .sort((a, b) => sort.compare(a.key, b.key))
    .map(({ n }) => n)
}

test('values of all types sort as the documented case says', async () => {
  const [claim, documents = []] = (await readCases())?.S ?? []
  // The documents are in descending order, but for the one with an empty array, which is just above MinKey.
  const ascending = documents.map((_, n) => n).toReversed()
  const empty = documents.findIndex(({ v }) => Array.isArray(v))
  ascending.splice(1, 0, ...ascending.splice(ascending.indexOf(empty), 1))
  expect(sorted({ v: 1 }, documents), claim).toEqual(ascending)
  expect(sorted({ v: -1 }, documents), claim).toEqual(ascending.toReversed())
})

test('several fields sort one after another, each in its direction', () => {
  const documents = [{ a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 2 }, { b: 3 }]
  expect(sorted({ a: 1, b: -1 }, documents)).toEqual([3, 2, 0, 1])
  expect(sorted({ a: -1, b: 1 }, documents)).toEqual([1, 0, 2, 3])
  expect(sorted({}, documents)).toEqual([0, 1, 2, 3])
})

test('missing sorts as null, and an empty array before it', () => {
  expect(sorted({ a: 1 }, [{ a: 1 }, {}, { a: null }, { a: [] }, { a: new MinKey() }])).toEqual([4, 3, 1, 2, 0])
  expect(
    sorted({ 'a.b': 1 }, [{ a: { b: 1 } }, { a: 5 }, { a: [] }, { a: [{ b: 0 }] }, { a: [{}, { b: 9 }] }]),
  ).toEqual([1, 2, 4, 3, 0])
})

test('an array sorts by its least item, or its greatest when descending', () => {
  const documents = [{ a: [5, 1] }, { a: 3 }, { a: [2, 9] }]
  expect(sorted({ a: 1 }, documents)).toEqual([0, 2, 1])
  expect(sorted({ a: -1 }, documents)).toEqual([2, 0, 1])
  expect(sorted({ 'a.b': 1 }, [{ a: [{ b: 5 }, { b: 1 }] }, { a: [{ b: 2 }] }])).toEqual([0, 1])
})

test('paths through one array go item by item together', () => {
  // The keys of the first document are [1, 2] and [2, 5]: [1, 5] is not among them.
  const documents = [
    {
      a: [
        { x: 1, y: 2 },
        { x: 2, y: 5 },
      ],
    },
    { a: [{ x: 1, y: 3 }] },
  ]
  expect(sorted({ 'a.x': 1, 'a.y': -1 }, documents)).toEqual([1, 0])
  expect(
    sorted({ 'a.x': 1, b: 1 }, [
      { a: [{ x: 1 }], b: 2 },
      { a: { x: 1 }, b: 1 },
    ]),
  ).toEqual([1, 0])
})

test('a number in a path is a position', () => {
  expect(sorted({ 'a.1': 1 }, [{ a: [0, 5] }, { a: [9, 3] }, { a: [9] }])).toEqual([2, 1, 0])
  expect(sorted({ 'a.0.b': 1 }, [{ a: [{ b: 2 }, { b: 0 }] }, { a: [{ b: 1 }] }])).toEqual([1, 0])
  expect(sorted({ 'a.0': 1 }, [{ a: [[3, 0]] }, { a: [[2, 9]] }])).toEqual([1, 0])
})

test('strings sort by the collation where there is one', () => {
  const documents = [{ a: 'b' }, { a: 'A' }, { a: 'a' }]
  expect(sorted({ a: 1 }, documents)).toEqual([1, 2, 0])
  expect(sorted({ a: 1 }, documents, { locale: 'en', strength: 1 })).toEqual([1, 2, 0])
  expect(sorted({ a: 1 }, documents, { locale: 'en' })).toEqual([2, 1, 0])
})

test('$natural is storage order', () => {
  expect(compileSort(valueOf({ $natural: 1 }), undefined).natural).toBe(1)
  expect(compileSort(valueOf({ $natural: -1 }), undefined).natural).toBe(-1)
  expect(compileSort(valueOf({ a: 1 }), undefined).natural).toBe(undefined)
})

test('what is no order is refused', () => {
  const specs: [Document, string][] = [
    [{ a: 2 }, 'Location15975'],
    [{ a: 'x' }, 'Location15974'],
    [{ a: { $meta: 'textScore' } }, 'NotImplemented'],
    [{ a: { b: 1 } }, 'Location17312'],
    [{ '': 1 }, 'Location15998'],
    [{ 'a.': 1 }, 'Location40353'],
    [{ $a: 1 }, 'Location16410'],
    [{ $natural: 2 }, 'BadValue'],
    [{ $natural: 1, a: 1 }, 'BadValue'],
    [Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`f${index}`, 1])), 'Location13103'],
  ]
  for (const [spec, code] of specs) {
    expect(
      refusalOf(() => sorted(spec, [])),
      JSON.stringify(spec),
    ).toMatch(new RegExp(`^${code}: `))
  }
  expect(refusalOf(() => sorted({ a: 1, b: 1 }, [{ a: [1], b: [2] }]))).toBe(
    'BadValue: cannot sort with keys that are parallel arrays',
  )
  expect(refusalOf(() => sorted({ 'a.b': 1, 'a.c': 1 }, [{ a: [{ b: [1], c: [2] }] }]))).toMatch(/parallel arrays/)
  expect(refusalOf(() => sorted({ 'a.0': 1 }, [{ a: [{ 0: 1 }] }]))).toMatch(/^Location16746: /)
})

test('the key of a document is the first of the keys that an index would have', () => {
  const name = fc.constantFrom('a', 'b')
  const { value } = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.integer({ min: 0, max: 3 }),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 2, noNullPrototype: true }),
    ),
  }))
  const document = fc.dictionary(name, value, { maxKeys: 2, noNullPrototype: true }) as fc.Arbitrary<Document>
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(names => names.join('.'))
  const spec = fc.dictionary(path, fc.constantFrom(1, -1), { minKeys: 1, maxKeys: 2, noNullPrototype: true })
  fc.assert(
    fc.property(spec, document, (directions, given) => {
      const sort = compileSort(valueOf(directions), undefined)
      const paths = Object.keys(directions).map(names => names.split('.').map(compileName))
      const keysOf = () => sortKeys(valueOf(given), paths)
      const refusal = refusalOf(keysOf)
      expect(refusalOf(() => sort.keyOf(bytesOf(given)))).toBe(refusal)
      if (refusal !== undefined) return
      const [first] = keysOf().sort((a, b) => sort.compare(a, b))
      expect(sort.compare(sort.keyOf(bytesOf(given)), first ?? [])).toBe(0)
    }),
    { numRuns: 2000 },
  )
})

test('where no array is in the way, documents sort as compareValues orders their fields', () => {
  const value = fc.oneof(
    fc.integer({ min: -2, max: 2 }).map(number => new Int32(number)),
    fc.constantFrom('', 'a', 'B', null, true, 1.5),
    fc.dictionary(fc.constantFrom('x', 'y'), fc.integer({ min: 0, max: 1 }), { noNullPrototype: true }),
  )
  const sort = compileSort(valueOf({ 'a.b': 1, c: -1 }), undefined)
  fc.assert(
    fc.property(value, value, value, value, (ab1, c1, ab2, c2) => {
      const [first, second] = [
        { a: { b: ab1 }, c: c1 },
        { a: { b: ab2 }, c: c2 },
      ]
      const [[, v1], [, w1]] = elementsOf(valueOf({ v: ab1, w: c1 })) as [[string, never], [string, never]]
      const [[, v2], [, w2]] = elementsOf(valueOf({ v: ab2, w: c2 })) as [[string, never], [string, never]]
      const expected = compareValues(v1, v2) || -compareValues(w1, w2)
      const found = sort.compare(sort.keyOf(bytesOf(first)), sort.keyOf(bytesOf(second)))
      expect(Math.sign(found)).toBe(Math.sign(expected) + 0)
    }),
    { numRuns: 500 },
  )
})
