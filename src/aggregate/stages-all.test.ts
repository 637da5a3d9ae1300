import { Double, Int32, Long } from 'bson'
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { aggregate, defaults, textOf } from './pipeline.suite.ts'
import { rootVariables } from '../expression/variables.ts'

type Case = [title: string, stages: Document[], before: Document[], after: Document[]]

async function check(_: string, stages: Document[], before: Document[], after: Document[]): Promise<void> {
  const results = await aggregate(stages, before)
  expect(results.map(textOf)).toEqual(after.map(textOf))
}

const numbered = (count: number): Document[] => Array.from({ length: count }, (_, n) => ({ n }))

test.each<Case>([
  ['$limit', [{ $limit: 2 }], numbered(5), numbered(2)],
  ['$limit past the end', [{ $limit: new Long(9) }], numbered(2), numbered(2)],
  ['$skip', [{ $skip: 3 }], numbered(5), [{ n: 3 }, { n: 4 }]],
  ['$skip of nothing', [{ $skip: new Double(0) }], numbered(2), numbered(2)],
  ['$count', [{ $count: 'all' }], numbered(3), [{ all: 3 }]],
  ['$count of nothing gives nothing', [{ $count: 'all' }], [], []],
  [
    '$sort',
    [{ $sort: { a: 1, b: -1 } }],
    [{ a: 2 }, { a: 1, b: 1 }, { a: 1, b: 2 }, { b: 0 }],
    [{ b: 0 }, { a: 1, b: 2 }, { a: 1, b: 1 }, { a: 2 }],
  ],
  [
    '$sort with $limit keeps the first of a tie',
    [{ $sort: { a: 1 } }, { $limit: 2 }],
    [{ a: 2 }, { a: 1, n: 1 }, { a: 1, n: 2 }, { a: 1, n: 3 }],
    [
      { a: 1, n: 1 },
      { a: 1, n: 2 },
    ],
  ],
  ['$sort, $skip, $limit', [{ $sort: { n: -1 } }, { $skip: 1 }, { $limit: 2 }], numbered(5), [{ n: 3 }, { n: 2 }]],
  [
    '$sortByCount',
    [{ $sortByCount: '$a' }],
    [{ a: 'x' }, { a: 'y' }, { a: 'y' }, {}],
    [
      { _id: 'y', count: 2 },
      { _id: 'x', count: 1 },
      { _id: null, count: 1 },
    ],
  ],
  [
    '$sortByCount of an expression',
    [{ $sortByCount: { $mod: ['$n', 2] } }],
    numbered(3),
    [
      { _id: 0, count: 2 },
      { _id: 1, count: 1 },
    ],
  ],
])('%s', check)

test.each<Case>([
  [
    'an array',
    [{ $unwind: '$a' }],
    [{ a: [1, { b: 2 }], c: 3 }],
    [
      { a: 1, c: 3 },
      { a: { b: 2 }, c: 3 },
    ],
  ],
  ['what is no array counts as one of it alone', [{ $unwind: '$a' }], [{ a: 7 }], [{ a: 7 }]],
  ['missing, null and empty give nothing', [{ $unwind: '$a' }], [{}, { a: null }, { a: [] }], []],
  [
    'missing, null and empty are preserved',
    [{ $unwind: { path: '$a', preserveNullAndEmptyArrays: true } }],
    [{ n: 1 }, { a: null }, { a: [], n: 2 }],
    [{ n: 1 }, { a: null }, { n: 2 }],
  ],
  [
    'a dotted path',
    [{ $unwind: '$a.b' }],
    [{ a: { b: [1, 2], c: 3 } }],
    [{ a: { b: 1, c: 3 } }, { a: { b: 2, c: 3 } }],
  ],
  ['a path does not cross arrays', [{ $unwind: '$a.b' }], [{ a: [{ b: [1] }] }], []],
  ['an array in an array is unwound once', [{ $unwind: '$a' }], [{ a: [[1, 2], []] }], [{ a: [1, 2] }, { a: [] }]],
  [
    'the index is a long',
    [{ $unwind: { path: '$a', includeArrayIndex: 'i' } }],
    [{ a: ['x', 'y'] }],
    [
      { a: 'x', i: Long.fromInt(0) },
      { a: 'y', i: Long.fromInt(1) },
    ],
  ],
  [
    'the index of what is no array is null',
    [{ $unwind: { path: '$a', includeArrayIndex: 'i.j', preserveNullAndEmptyArrays: true } }],
    [{ a: 1 }, { a: [] }, { i: 5 }],
    [{ a: 1, i: { j: null } }, { i: { j: null } }, { i: { j: null } }],
  ],
  [
    'the index may go into the item',
    [{ $unwind: { path: '$a', includeArrayIndex: 'a.i' } }],
    [{ a: [{ x: 1 }, 2] }],
    [{ a: { x: 1, i: Long.fromInt(0) } }, { a: { i: Long.fromInt(1) } }],
  ],
])('$unwind: %s', check)

test.each<[number, Document]>([
  [5107201, { $limit: 'a' }],
  [5107201, { $limit: 1.5 }],
  [5107201, { $limit: -1 }],
  [15958, { $limit: 0 }],
  [5107200, { $skip: -1 }],
  [40156, { $count: 1 }],
  [40157, { $count: '' }],
  [40158, { $count: '$a' }],
  [40160, { $count: 'a.b' }],
  [15973, { $sort: 'a' }],
  [15976, { $sort: {} }],
  [16410, { $sort: { $natural: 1 } }],
  [40147, { $sortByCount: { a: 1 } }],
  [40148, { $sortByCount: 'a' }],
  [40149, { $sortByCount: 1 }],
  [28745, { $sample: 1 }],
  [28746, { $sample: { size: 'a' } }],
  [28747, { $sample: { size: 0 } }],
  [28748, { $sample: { size: 1, other: 1 } }],
  [28749, { $sample: {} }],
  [15981, { $unwind: 1 }],
  [28808, { $unwind: { path: 1 } }],
  [28809, { $unwind: { path: '$a', preserveNullAndEmptyArrays: 1 } }],
  [28810, { $unwind: { path: '$a', includeArrayIndex: '' } }],
  [28811, { $unwind: { path: '$a', other: 1 } }],
  [28812, { $unwind: {} }],
  [28818, { $unwind: 'a' }],
  [28822, { $unwind: { path: '$a', includeArrayIndex: '$i' } }],
  [5858203, { $documents: 1 }],
  [40228, { $documents: [1] }],
])('code %d for %j', async (code, stage) => {
  await expect(aggregate([stage], [{ a: 1 }])).rejects.toMatchObject({ code })
})

test('$sample gives that many different documents, all of them if there are fewer', async () => {
  let state = 1
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647
  const variables = rootVariables({ nowMs: 0, clusterTime: 0n, random })
  const sample = async (size: number) => {
    const results = await aggregate([{ $sample: { size } }], numbered(50), { ...defaults, variables })
    return results.map(result => (result.n as Int32).value)
  }
  const ten = await sample(10)
  expect(new Set(ten).size).toBe(10)
  expect(ten).not.toEqual(numbered(10).map(({ n }) => n))
  expect((await sample(100)).toSorted((a, b) => a - b)).toEqual(numbered(50).map(({ n }) => n))
})

const large = { text: 'x'.repeat(1000) }

test.each<[string, Document[], boolean]>([
  ['a sort that holds too much', [{ $sort: { n: 1 } }], true],
  ['a sort of which only a few are asked for', [{ $sort: { n: 1 } }, { $limit: 5 }], false],
  ['the same behind a skip', [{ $sort: { n: 1 } }, { $skip: 2 }, { $limit: 3 }], false],
  ['a sort with something in between', [{ $sort: { n: 1 } }, { $set: { a: 1 } }, { $limit: 3 }], true],
  ['a group that pushes too much', [{ $group: { _id: null, all: { $push: '$text' } } }], true],
  ['many groups', [{ $group: { _id: { n: '$n', text: '$text' } } }], true],
  ['one group that keeps one value', [{ $group: { _id: null, last: { $last: '$$ROOT' } } }], false],
  ['a group that keeps the greatest', [{ $group: { _id: 1, max: { $maxN: { n: 3, input: '$$ROOT' } } } }], false],
  ['a group that keeps the last', [{ $group: { _id: 1, last: { $lastN: { n: 3, input: '$$ROOT' } } } }], false],
  [
    'a group that keeps the top',
    [{ $group: { _id: 1, top: { $topN: { n: 3, sortBy: { n: -1 }, output: '$$ROOT' } } } }],
    false,
  ],
  ['a group that merges', [{ $group: { _id: 1, merged: { $mergeObjects: '$$ROOT' } } }], false],
])('%s in 20 kB', async (_, stages, refused) => {
  const documents = numbered(100).map(document => ({ ...document, ...large }))
  const result = aggregate(stages, documents, { memoryBytesMax: 20_000 })
  await (refused ? expect(result).rejects.toMatchObject({ code: 292 }) : expect(result).resolves.toBeDefined())
})
