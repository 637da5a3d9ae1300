import { Decimal128, Double, Long, UUID } from 'bson'
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { encodeValue } from '../../bson/encode.ts'
import { aggregate, textOf } from '../pipeline.suite.ts'

/** How many documents each group has, by the `_id` that `$x` gives; the values in the order of the groups. */
async function groupsOf(values: readonly unknown[], options = {}): Promise<[unknown, number][]> {
  const stages = [{ $group: { _id: '$x', count: { $sum: 1 } } }]
  const results = await aggregate(
    stages,
    values.map(x => (x === undefined ? {} : { x })),
    options,
  )
  return results.map(({ _id, count }) => [textOf({ _id: _id as unknown }), Number(count)])
}

test('equal numbers of all types are one group, which shows the first', async () => {
  const one = Long.fromInt(1)
  expect(
    await groupsOf([new Double(1), 1, one, Decimal128.fromString('1.0'), 2, 1.5, Decimal128.fromString('1.5')]),
  ).toEqual([
    [textOf({ _id: new Double(1) }), 4],
    [textOf({ _id: 2 }), 1],
    [textOf({ _id: 1.5 }), 2],
  ])
})

test.each<[string, unknown[], number]>([
  ['null and missing', [null, undefined], 1],
  ['zero and its negative', [0, new Double(-0)], 1],
  ['large integers', [Long.fromString('9007199254740993'), Long.fromString('9007199254740992')], 2],
  ['a large integer and its double', [Long.fromString('1152921504606846976'), new Double(2 ** 60)], 1],
  ['numbers and text', [1, '1'], 2],
  ['true and 1', [true, 1], 2],
  ['embedded numbers', [{ a: 1 }, { a: new Double(1) }], 1],
  [
    'the order of fields',
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    2,
  ],
  ['missing fields and null', [{ a: null }, {}], 2],
  [
    'arrays',
    [
      [1, 2],
      [1, 2],
      [2, 1],
    ],
    2,
  ],
  ['UUIDs', [new UUID('00000000-0000-4000-8000-000000000001'), new UUID('00000000-0000-4000-8000-000000000001')], 1],
  ['letters of two cases', ['a', 'A'], 2],
  ['NaN', [new Double(NaN), Decimal128.fromString('NaN')], 1],
])('groups of %s', async (_, values, count) => {
  expect((await groupsOf(values)).length).toBe(count)
})

test('strings are equal as the collation says, also inside of documents', async () => {
  const collation = {
    compare: (a: string, b: string) => {
      const [x, y] = [a.toLowerCase(), b.toLowerCase()]
      return x < y ? -1 : x > y ? 1 : 0
    },
    spec: encodeValue({ locale: 'en', strength: 2 }),
  }
  expect(await groupsOf(['b', 'A', 'a', 'B', 'c'], { collation })).toEqual([
    [textOf({ _id: 'b' }), 2],
    [textOf({ _id: 'A' }), 2],
    [textOf({ _id: 'c' }), 1],
  ])
  expect((await groupsOf([{ t: ['x'] }, { t: ['X'] }], { collation })).length).toBe(1)
})

test('an _id of several expressions', async () => {
  const stages = [{ $group: { _id: { k: '$k', odd: { $mod: ['$n', 2] } }, ns: { $push: '$n' } } }]
  const documents = [0, 1, 2, 3].map(n => ({ n, k: 'x' }))
  expect((await aggregate(stages, documents)).map(textOf)).toEqual([
    textOf({ _id: { k: 'x', odd: 0 }, ns: [0, 2] }),
    textOf({ _id: { k: 'x', odd: 1 }, ns: [1, 3] }),
  ])
})

test('no documents make no groups', async () => {
  expect(await aggregate([{ $group: { _id: null, n: { $sum: 1 } } }], [])).toEqual([])
})

test('the fields of a group are in the order of the stage, _id in front', async () => {
  const [group] = await aggregate([{ $group: { b: { $sum: 1 }, _id: 1, a: { $first: '$none' } } }], [{}])
  expect(textOf(group ?? {})).toBe(textOf({ _id: 1, b: 1, a: null }))
})

test.each<[number, Document]>([
  [15947, { $group: 1 }],
  [15955, { $group: {} }],
  [15955, { $group: { n: { $sum: 1 } } }],
  [17390, { $group: { _id: { a: 1 } } }],
  [17390, { $group: { _id: { a: true } } }],
  [40235, { $group: { _id: 1, 'a.b': { $sum: 1 } } }],
  [40236, { $group: { _id: 1, $a: { $sum: 1 } } }],
])('code %d for %j', async (code, stage) => {
  await expect(aggregate([stage], [{}])).rejects.toMatchObject({ code })
})
