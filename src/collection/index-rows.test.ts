import { deserialize, type Document, serialize } from 'bson'
import { expect, test } from 'vitest'
import { documentOf } from '../bson/encode.ts'
import { BsonType, documentBytes, type Value } from '../bson/value.ts'
import { indexRows } from './index-rows.ts'

const shown = (value: Value | undefined): unknown => {
  if (value === undefined) return 'missing'
  if (value.type === BsonType.undefined) return 'empty'
  return deserialize(documentBytes(documentOf([['v', value]]))).v
}
const rows = (document: Document, ...paths: string[]): unknown[] =>
  indexRows(
    serialize(document),
    paths.map(path => path.split('.')),
  ).map(row => row.map(shown))

test.each<[string, Document, string[], unknown[]]>([
  ['a document without arrays has one row', { a: 1, b: { c: 2 } }, ['a', 'b.c', 'd'], [[1, 2, 'missing']]],
  [
    'an array has a row for each item',
    { a: [1, 2], b: 5 },
    ['b', 'a'],
    [
      [5, 1],
      [5, 2],
    ],
  ],
  [
    'two fields of the same items stay together',
    {
      a: [
        { x: 1, y: 2 },
        { x: 3, y: 4 },
      ],
    },
    ['a.x', 'a.y'],
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [
    'a field that some items have not is missing there',
    { a: [{ x: 1 }, { y: 4 }] },
    ['a.x', 'a.y'],
    [
      [1, 'missing'],
      ['missing', 4],
    ],
  ],
  ['an item that is no document has no fields', { a: [1, { x: 2 }] }, ['a.x'], [['missing'], [2]]],
  ['an item and its field', { a: [{ x: 1 }] }, ['a', 'a.x'], [[{ x: 1 }, 1]]],
  [
    'arrays in items',
    { a: [{ x: [1, 2], y: 3 }, { x: 4 }] },
    ['a.x', 'a.y'],
    [
      [1, 3],
      [2, 3],
      [4, 'missing'],
    ],
  ],
  ['an array in an array is a value', { a: [[1, 2], 3] }, ['a'], [[[1, 2]], [3]]],
  ['a number in a path means one item', { a: [{ x: 1 }, { x: 2 }] }, ['a.1.x'], [[2]]],
  ['an empty array is no missing value', { a: [] }, ['a'], [['empty']]],
  ['a field of an empty array is missing', { a: [] }, ['a.x', 'a'], [['missing', 'empty']]],
])('%s', (_, document, paths, expected) => {
  expect(rows(document, ...paths)).toEqual(expected)
})

test.each<[Document, string[]]>([
  [{ a: [1], b: [2] }, ['a', 'b']],
  [{ a: { x: [1], y: [2] } }, ['a.x', 'a.y']],
  [{ a: [{ x: [1], y: [2] }] }, ['a.x', 'a.y']],
])('two arrays side by side are refused: %j', (document, paths) => {
  expect(() => rows(document, ...paths)).toThrow(`cannot index parallel arrays [${paths[1]}] [${paths[0]}]`)
})

test('two fields of many items have as many rows as there are items', () => {
  const items = Array.from({ length: 20_000 }, (_, x) => ({ x, y: x }))
  expect(rows({ a: items }, 'a.x', 'a.y').length).toBe(20_000)
})
