/**
 * Small commands that ask for much: more memory, depth or time than anyone should get. The answer is a result or a refusal, and
 * it comes soon.
 */
import { BSONRegExp, type Document } from 'bson'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemEnv } from '../../src/base/env.ts'
import { heldBytesMax } from '../../src/base/limits.ts'
import { dispatch } from '../../src/command/dispatch.ts'
import { ask, openServices, type TestServices } from '../services.ts'

let services: TestServices
beforeAll(async () => {
  services = await openServices()
})
afterAll(() => services.close())

const run = (command: Document): Promise<Document> => ask(dispatch, services, { ...command, $db: 'test' })

/** Computes over one document. */
const compute = (expression: unknown, ...stages: Document[]): Promise<Document> =>
  run({
    aggregate: 1,
    pipeline: [{ $documents: [{ _id: 1 }] }, { $project: { r: expression } }, ...stages],
    cursor: {},
  })

const range = (count: number) => ({ $range: [0, count] })
const doubling = (start: unknown, operator: string) => ({
  $reduce: { input: range(60), initialValue: start, in: { [operator]: ['$$value', '$$value'] } },
})
const deep = (levels: number) => ({ $reduce: { input: range(levels), initialValue: 1, in: ['$$value'] } })
const nested = (levels: number, wrap: (inner: Document) => Document): Document =>
  levels === 0 ? { a: 1 } : wrap(nested(levels - 1, wrap))
const many = (count: number, value: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}`, value]))

type Bomb = readonly [name: string, ask: () => Promise<Document>, code: number | undefined]

// prettier-ignore
const bombs: readonly Bomb[] = [
  ['a text that doubles', () => compute(doubling('ab', '$concat')), 146],
  ['two billion numbers', () => compute({ $size: range(2_147_483_647) }), 146],
  ['a pattern of nested repeats', () => compute({ $regexMatch: { input: `${'a'.repeat(50)}!`, regex: '^(a+)+$' } }), undefined],
  ['a pattern that has to go back', () => compute({ $regexMatch: { input: `${'a'.repeat(5000)}!`, regex: '^(a*)*\\1(b|a+)+$' } }), 51156],
  ['a thousand texts for it', () => run({ aggregate: 1, pipeline: [{ $documents: Array.from({ length: 1000 }, (_, at) => ({ t: `${'a'.repeat(40)}${at}!` })) }, { $match: { t: { $regex: '^(a*)*\\1(b|a+)+$' } } }], cursor: {} }), 51156],
  ['a text that grows by replacing', () => compute({ $replaceAll: { input: { $reduce: { input: range(20), initialValue: 'a', in: { $concat: ['$$value', '$$value'] } } }, find: 'a', replacement: 'a'.repeat(1_000_000) } }), 146],
  ['a pattern of very many alternatives', () => run({ find: 'c', filter: { a: { $regex: 'a|'.repeat(300_000) } } }), 51091],
  ['a pattern with a very long class', () => run({ find: 'c', filter: { a: { $regex: `[${'ab'.repeat(300_000)}]` } } }), 51091],
  ['as many alternatives as a pattern can have', () => compute({ $regexMatch: { input: `${'b'.repeat(1000)}a`, regex: 'ab|'.repeat(10_921) } }), undefined],
  ['deep values compared', () => compute({ $let: { vars: { x: deep(15_000) }, in: { $eq: ['$$x', { $concatArrays: ['$$x', []] }] } } }), 15],
  ['deep values grouped', () => compute(deep(15_000), { $group: { _id: '$r' } }), 15],
  ['a pattern with parentheses in parentheses', () => run({ find: 'c', filter: { a: { $regex: '('.repeat(30_000) + ')'.repeat(30_000) } } }), 51091],
  ['a filter of alternatives in alternatives', () => run({ find: 'c', filter: nested(80, inner => ({ $and: [{ $or: [{ b: 1 }, { c: 2 }] }, inner] })) }), undefined],
  ['a stream with such a filter', () => run({ aggregate: 'c', pipeline: [{ $changeStream: {} }, { $match: nested(70, inner => ({ $and: [{ $or: [{ b: 1 }, { c: 2 }] }, inner] })) }], cursor: {} }), undefined],
  ['thirty thousand fields added to as many', () => run({ aggregate: 1, pipeline: [{ $documents: [many(30_000, 1)] }, { $addFields: Object.fromEntries(Array.from({ length: 30_000 }, (_, at) => [`g${at}`, 1])) }], cursor: {} }), undefined],
  ['very many values to look among', () => run({ find: 'c', filter: { a: { $in: Array.from({ length: 300_000 }, (_, at) => at) } } }), undefined],
  ['five thousand stages', () => run({ aggregate: 1, pipeline: [{ $documents: [{}] }, ...Array<Document>(5000).fill({ $addFields: { a: 1 } })], cursor: {} }), undefined],
  ['ten thousand sort keys', () => run({ find: 'c', sort: many(10_000, 1) }), 13103],
  ['ten thousand accumulators', () => run({ aggregate: 1, pipeline: [{ $documents: [{}] }, { $group: { _id: 1, ...many(10_000, { $sum: 1 }) } }], cursor: {} }), undefined],
  ['thirty thousand fields to set', () => run({ update: 'c', updates: [{ q: { _id: 'wide' }, u: { $set: many(30_000, 1) }, upsert: true }] }), undefined],
  ['the same to unset', () => run({ update: 'c', updates: [{ q: { _id: 'wide' }, u: { $unset: many(30_000, 1) } }] }), undefined],
  ['the longest gap in an array', () => run({ update: 'c', updates: [{ q: { _id: 'gap' }, u: { $set: { a: [] } }, upsert: true }, { q: { _id: 'gap' }, u: { $set: { 'a.1499999': 1 } } }] }), undefined],
  ['an _id of ten megabytes', () => run({ insert: 'c', documents: [{ _id: 'x'.repeat(10_000_000) }] }), undefined],
  ['a resume token of ten megabytes', () => run({ aggregate: 'c', pipeline: [{ $changeStream: { resumeAfter: { _data: 'F'.repeat(10_000_000) } } }], cursor: {} }), 50811],
  ['an operator whose name has ten megabytes', () => run({ find: 'c', filter: { a: { [`$${'x'.repeat(10_000_000)}`]: 1 } } }), 2],
]

/** More work of the processor than any of them takes; before they were bounded they took minutes. */
const workMsMax = 8000

/** Not by the clock, which also counts what others do on a busy machine. */
function workMsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

test.each(bombs)('%s', async (_, explode, code) => {
  const began = process.cpuUsage()
  const reply = await explode()
  expect([reply.code, reply.writeErrors]).toEqual([code, undefined])
  expect(workMsSince(began)).toBeLessThan(workMsMax)
})

test('what a pipeline nests too deep is not stored', async () => {
  const update = (levels: number) => ({
    update: 'c',
    updates: [{ q: { _id: `deep ${levels}` }, u: [{ $set: { x: deep(levels) } }], upsert: true }],
  })
  expect(await run(update(179))).toMatchObject({ ok: 1, n: 1 })
  for (const levels of [180, 1000]) expect((await run(update(levels))).writeErrors).toMatchObject([{ code: 15 }])
})

/** Work on one document that would take minutes or hours, and that nothing could interrupt. */
const growing = (items: unknown) => ({
  $reduce: { input: items, initialValue: [], in: { $concatArrays: ['$$value', ['$$this']] } },
})
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))

// prettier-ignore
const long: readonly (readonly [name: string, command: Document])[] = [
  ['an array that grows item by item', { aggregate: 1, pipeline: [{ $documents: [{}] }, { $project: { r: { $size: growing(range(200_000)) } } }], cursor: {} }],
  ['arrays in arrays', { aggregate: 1, pipeline: [{ $documents: [{}] }, { $project: { r: { $map: { input: range(5000), in: { $size: { $map: { input: range(5000), in: { $add: ['$$this', 1] } } } } } } } }], cursor: {} }],
  ['a long text measured often', { aggregate: 1, pipeline: [{ $documents: [{ t: 'x'.repeat(8_000_000) }] }, { $project: { r: times(5000, () => ({ $strLenCP: '$t' })) } }], cursor: {} }],
  ['a sort with a collation', { aggregate: 'long', pipeline: [{ $project: { r: { $map: { input: range(20), in: { $sortArray: { input: '$a', sortBy: 1 } } } } } }], collation: { locale: 'de' }, cursor: {} }],
  ['a filter of very many alternatives', { find: 'long', filter: { $or: times(50_000, at => ({ 'a.x': -1 - at })) } }],
  ['as many conditions', { find: 'long', filter: { $and: times(50_000, at => ({ 'a.x': { $ne: -1 - at } })) } }],
  ['very many values that all have to be there', { count: 'long', query: { 'a.x': { $all: times(50_000, at => at) } } }],
  ['very many patterns', { find: 'long', filter: { 'a.t': { $in: times(20_000, at => new BSONRegExp(`${at}b.*c`)) } } }],
  ['a schema of very many schemas', { find: 'long', filter: { $jsonSchema: { properties: { a: { items: { not: { anyOf: times(20_000, at => ({ required: [`f${at}`] })) } } } } } } }],
  ['very many fields for very many items', { update: 'long', updates: [{ q: {}, u: { $set: Object.fromEntries(times(20_000, at => [`a.$[].f${at}`, 1])) } }] }],
  ['items found by very many conditions', { update: 'long', updates: [{ q: {}, u: { $set: { 'a.$[i].y': 1 } }, arrayFilters: [{ $or: times(20_000, at => ({ 'i.x': -1 - at })) }] }] }],
  ['items taken out by as many', { update: 'long', updates: [{ q: {}, u: { $pull: { a: { $or: times(20_000, at => ({ x: -1 - at })) } } } }] }],
  ['an update that computes', { update: 'long', updates: [{ q: {}, u: [{ $set: { r: growing('$a') } }] }] }],
  ['a findAndModify that computes', { findAndModify: 'long', query: { $expr: { $eq: [growing('$a'), 1] } }, update: { $set: { b: 1 } } }],
]

describe('on a clock that goes', () => {
  let timed: TestServices
  const command = (fields: Document): Promise<Document> => ask(dispatch, timed, { ...fields, $db: 'test' })
  beforeAll(async () => {
    timed = await openServices(systemEnv)
    const a = times(150_000, x => ({ x, t: `${x}ab` }))
    expect(await command({ insert: 'long', documents: [{ _id: 1, a }] })).toMatchObject({ n: 1 })
  })
  afterAll(() => timed.close())

  test.each(long)('%s: maxTimeMS holds', async (_, fields) => {
    const began = process.cpuUsage()
    const reply = await command({ ...fields, maxTimeMS: 200 })
    expect((reply.writeErrors as Document[] | undefined)?.[0] ?? reply).toMatchObject({ code: 50 })
    expect(workMsSince(began)).toBeLessThan(workMsMax)
  })

  test('without maxTimeMS it is given up all the same', async () => {
    const [[, fields]] = long as [(typeof long)[0]]
    expect(await command(fields)).toMatchObject({ code: 50, codeName: 'MaxTimeMSExpired' })
  }, 30_000)

  test('values looked for among as many others are found in time', async () => {
    const cond = { $in: [{ $add: ['$$this', 149_990] }, '$$all'] }
    const r = { $let: { vars: { all: '$a.x' }, in: { $size: { $filter: { input: '$$all', cond } } } } }
    const pipeline = [{ $project: { r } }]
    const reply = await command({ aggregate: 'long', pipeline, cursor: {} })
    expect(reply.cursor.firstBatch).toEqual([{ _id: 1, r: 10 }])
  })

  test('a sort by several fields of the items of a long array is done in time', async () => {
    const began = process.cpuUsage()
    expect(
      await command({ find: 'long', sort: { 'a.p': 1, 'a.q': 1, 'a.x': 1 }, projection: { _id: 1 } }),
    ).toMatchObject({
      cursor: { firstBatch: [{ _id: 1 }] },
    })
    expect(workMsSince(began)).toBeLessThan(workMsMax)
  })

  test('a change stream whose stages take too long ends alone', async () => {
    const open = async (...stages: Document[]) =>
      (await command({ aggregate: 'seen', pipeline: [{ $changeStream: {} }, ...stages], cursor: {} })).cursor.id
    const slow = await open({ $match: { $expr: { $gt: [{ $size: growing(range(200_000)) }, -1] } } })
    const quick = await open()
    expect(await command({ insert: 'seen', documents: [{ _id: 1 }] })).toMatchObject({ n: 1 })
    const next = (id: unknown) => command({ getMore: id, collection: 'seen', maxTimeMS: 20_000 })
    const [ended, told] = await Promise.all([next(slow), next(quick)])
    expect(ended).toMatchObject({ code: 50 })
    expect(ended.errorLabels ?? []).not.toContain('ResumableChangeStreamError')
    expect(told.cursor.nextBatch).toMatchObject([{ documentKey: { _id: 1 } }])
  }, 60_000)
})

test('a thousand cursors that nobody asks again hold no more than they may together', async () => {
  const many = await openServices()
  const command = (fields: Document): Promise<Document> => ask(dispatch, many, { ...fields, $db: 'test' })
  const documents = times(40, _id => ({ _id, x: 'x'.repeat(50_000) }))
  expect(await command({ insert: 'c', documents })).toMatchObject({ n: 40 })
  const sorting = [{ sort: { x: 1 } }, { sort: { _id: -1 } }]
  const asks = times(1000, at =>
    at % 4 === 0
      ? { aggregate: 'c', pipeline: [{ $sort: { x: 1 } }], cursor: { batchSize: 1 } }
      : { find: 'c', batchSize: 1, ...sorting[at % 4] },
  )
  const open: unknown[] = []
  const refused = new Set<number>()
  for (const fields of asks) {
    const { cursor, code } = await command(fields)
    if (cursor === undefined) refused.add(code)
    else open.push(cursor.id)
  }
  expect(many.store.memory.bytes).toBeGreaterThan(0.9 * heldBytesMax)
  // One in four does not sort, and holds a small piece whatever the others do.
  expect(many.store.memory.bytes).toBeLessThan(1.1 * heldBytesMax)
  expect([...refused]).toEqual([292])
  // Who is there goes on, and who does not sort comes in.
  expect(await command({ getMore: open[0], collection: 'c' })).toMatchObject({ ok: 1 })
  expect((await command({ find: 'c' })).cursor.firstBatch).toHaveLength(40)
  expect(await command({ killCursors: 'c', cursors: open })).toMatchObject({ ok: 1 })
  await new Promise(resolve => setImmediate(resolve))
  expect(many.store.memory.bytes).toBe(0)
  expect(await command({ find: 'c', sort: { x: 1 }, batchSize: 1 })).toMatchObject({ ok: 1 })
  await many.close()
})
