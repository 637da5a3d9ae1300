import { Decimal128, Double, Long } from 'bson'
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { aggregate, textOf } from './pipeline.suite.ts'

/** What an accumulator makes of one group of documents `{ x: … }`; `none` leaves `x` out. */
const none = Symbol('none')

async function accumulate(accumulator: Document, values: readonly unknown[]): Promise<Document> {
  const documents = values.map(x => (x === none ? {} : { x }))
  const [result] = await aggregate([{ $group: { _id: null, result: accumulator } }], documents)
  return { result: result?.result as unknown }
}

const one = (value: number) => Long.fromNumber(value)
const decimal = (text: string) => Decimal128.fromString(text)

test.each<[accumulator: Document, values: unknown[], result: unknown]>([
  [{ $sum: '$x' }, [1, 2, 3], 6],
  [{ $sum: 1 }, [none, none], 2],
  [{ $sum: '$x' }, ['a', null, none, [1]], 0],
  [{ $sum: '$x' }, [1, one(2)], one(3)],
  [{ $sum: '$x' }, [2147483647, 1], one(2147483648)],
  [{ $sum: '$x' }, [Long.MAX_VALUE, 1, -1], Long.MAX_VALUE],
  [{ $sum: '$x' }, [Long.MAX_VALUE, 1], new Double(2 ** 63)],
  [{ $sum: '$x' }, [1, 0.5], 1.5],
  [{ $sum: '$x' }, [new Double(2)], new Double(2)],
  [{ $sum: '$x' }, Array.from({ length: 10 }, () => 0.1), new Double(1)],
  [{ $sum: '$x' }, [new Double(1e308), new Double(1e308), new Double(-1e308)], new Double(Infinity)],
  [{ $sum: '$x' }, [new Double(Infinity), 1], new Double(Infinity)],
  [{ $sum: '$x' }, [new Double(Infinity), new Double(-Infinity)], new Double(NaN)],
  [{ $sum: '$x' }, [1, decimal('0.1'), one(2)], decimal('3.1')],
  [{ $avg: '$x' }, [1, 2], 1.5],
  [{ $avg: '$x' }, [1, 'a', none, 3], new Double(2)],
  [{ $avg: '$x' }, ['a'], null],
  [{ $avg: '$x' }, [decimal('1.5'), 2], decimal('1.75')],
  [{ $min: '$x' }, [3, null, 1, none, 2], 1],
  [{ $min: '$x' }, ['a', 7], 7],
  [{ $min: '$x' }, [null, none], null],
  [{ $min: '$x' }, [new Double(1), 1], new Double(1)],
  [{ $max: '$x' }, [3, 'a', 1], 'a'],
  [{ $max: '$x' }, [1, 3, 2, null], 3],
  [{ $first: '$x' }, [1, 2], 1],
  [{ $first: '$x' }, [none, 2], null],
  [{ $last: '$x' }, [1, 2], 2],
  [{ $last: '$x' }, [1, none], null],
  [{ $push: '$x' }, [1, null, none, 'a', 1], [1, null, 'a', 1]],
  [{ $push: { y: '$x' } }, [1, none], [{ y: 1 }, {}]],
  [{ $addToSet: '$x' }, [1, 'a', new Double(1), one(1), decimal('1'), 'a', null, none], [1, 'a', null]],
  [
    { $addToSet: '$x' },
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
      { a: new Double(1), b: 2 },
    ],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
  ],
  [{ $count: {} }, [1, none, 'a'], 3],
  [{ $mergeObjects: '$x' }, [{ a: 1, b: 2 }, null, none, { b: 3, c: 4 }], { a: 1, b: 3, c: 4 }],
  [{ $mergeObjects: '$x' }, [null], {}],
  [{ $stdDevPop: '$x' }, [1, 2, 3, 4, 'a'], new Double(Math.sqrt(1.25))],
  [{ $stdDevPop: '$x' }, [5], new Double(0)],
  [{ $stdDevPop: '$x' }, ['a'], null],
  [{ $stdDevSamp: '$x' }, [1, 3], new Double(Math.sqrt(2))],
  [{ $stdDevSamp: '$x' }, [1], null],
  [{ $firstN: { input: '$x', n: 2 } }, [none, 1, 2], [null, 1]],
  [{ $firstN: { input: '$x', n: one(5) } }, [1], [1]],
  [{ $lastN: { input: '$x', n: 2 } }, [1, 2, 3], [2, 3]],
  [{ $lastN: { input: '$x', n: 3 } }, [1, 2, 3, 4, none], [3, 4, null]],
  [{ $lastN: { input: '$x', n: 5 } }, [1, 2], [1, 2]],
  [{ $minN: { input: '$x', n: 2 } }, [3, 1, null, 2, none], [1, 2]],
  [{ $maxN: { input: '$x', n: 2 } }, [3, 1, null, 2, none], [3, 2]],
  [{ $maxN: { input: '$x', n: 9 } }, [3, 1], [3, 1]],
  [
    { $top: { output: '$x.b', sortBy: { 'x.a': 1 } } },
    [
      { a: 2, b: 1 },
      { a: 1, b: 2 },
      { a: 1, b: 3 },
    ],
    2,
  ],
  [{ $top: { output: '$x.c', sortBy: { 'x.a': 1 } } }, [{ a: 1 }], null],
  [
    { $topN: { output: '$x.b', sortBy: { 'x.a': -1 }, n: 2 } },
    [
      { a: 1, b: 1 },
      { a: 3, b: 2 },
      { a: 2, b: 3 },
    ],
    [2, 3],
  ],
  [
    { $bottom: { output: '$x.b', sortBy: { 'x.a': 1 } } },
    [
      { a: 2, b: 1 },
      { a: 1, b: 2 },
      { a: 2, b: 3 },
    ],
    1,
  ],
  [
    { $bottomN: { output: '$x.b', sortBy: { 'x.a': 1 }, n: 2 } },
    [
      { a: 3, b: 1 },
      { a: 1, b: 2 },
      { a: 2, b: 3 },
    ],
    [3, 1],
  ],
])('%j of %j', async (accumulator, values, result) => {
  expect(textOf(await accumulate(accumulator, values))).toBe(textOf({ result }))
})

test.each<[number, Document]>([
  [15952, { $foo: 1 }],
  [238, { $accumulator: {} }],
  [40234, { a: 1 }],
  [40237, { $sum: [1, 2] }],
  [40238, { $sum: 1, $avg: 1 }],
  [40400, { $mergeObjects: '$x' }],
  [14, { $count: 1 }],
  [5787801, { $firstN: 1 }],
  [5787900, { $minN: 1 }],
  [5787901, { $minN: { input: 1, n: 1, other: 1 } }],
  [5787906, { $minN: { input: 1 } }],
  [5787907, { $minN: { n: 1 } }],
  [5787902, { $minN: { input: 1, n: 'a' } }],
  [5787903, { $minN: { input: 1, n: 1.5 } }],
  [5787908, { $minN: { input: 1, n: 0 } }],
  [5788001, { $top: 1 }],
  [5788002, { $top: { output: 1, sortBy: { a: 1 }, n: 1 } }],
  [5788003, { $topN: { output: 1, sortBy: { a: 1 } } }],
  [5788004, { $top: { sortBy: { a: 1 } } }],
  [5788005, { $top: { output: 1 } }],
])('code %d for %j', async (code, accumulator) => {
  await expect(accumulate(accumulator, [1])).rejects.toMatchObject({ code })
})

test('n may depend on the group', async () => {
  const stages = [{ $group: { _id: { k: '$k' }, xs: { $firstN: { input: '$x', n: '$k' } } } }]
  const documents = [1, 2, 2, 1].map((k, x) => ({ k, x }))
  expect((await aggregate(stages, documents)).map(textOf)).toEqual([
    textOf({ _id: { k: 1 }, xs: [0] }),
    textOf({ _id: { k: 2 }, xs: [1, 2] }),
  ])
})
