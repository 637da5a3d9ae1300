/** What collStats, $collStats, dbStats, dataSize and validate say, asked through dispatch. */
import { calculateObjectSize, type Document } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, openServices, type TestServices } from '../../test/services.ts'
import { recordKey } from '../collection/keys.ts'
import { withSnapshot } from '../collection/store.ts'
import { int32Value } from '../bson/encode.ts'
import { must } from '../base/assert.ts'
import { dispatch } from './dispatch.ts'

let services: TestServices
beforeEach(async () => {
  services = await openServices()
})
afterEach(() => services.close())

// $db stands behind the command's name, which is the first field.
const reply = (document: Document) => ask(dispatch, services, { ...document, $db: document.$db ?? 'd' })
const documents = Array.from({ length: 30 }, (_, _id) => ({ _id, name: `name ${_id}`, text: 'x'.repeat(_id) }))
const size = documents.reduce((sum, document) => sum + calculateObjectSize(document), 0)

async function fill(): Promise<void> {
  await reply({ insert: 'c', documents })
  await reply({
    createIndexes: 'c',
    indexes: [
      { key: { name: 1 }, name: 'name_1', unique: true },
      { key: { text: 1 }, name: 'text_1' },
    ],
  })
}

test('collStats counts and weighs what is there', async () => {
  await fill()
  const stats = await reply({ collStats: 'c' })
  expect(stats).toMatchObject({
    ns: 'd.c',
    size,
    count: 30,
    avgObjSize: Math.floor(size / 30),
    capped: false,
    nindexes: 3,
    indexSizes: { _id_: 0, name_1: expect.any(Number) as unknown, text_1: expect.any(Number) as unknown },
    scaleFactor: 1,
  })
  expect(stats.storageSize).toBeGreaterThan(size)
  expect(stats.indexSizes.name_1).toBeGreaterThan(30 * 'name 1'.length)
  expect(stats.totalSize).toBe(stats.storageSize + stats.totalIndexSize)
  await reply({ delete: 'c', deletes: [{ q: { _id: { $gte: 10 } }, limit: 0 }] })
  expect(await reply({ collStats: 'c', scale: 100 })).toMatchObject({ count: 10, scaleFactor: 100 })
})

test('a collection that is not there has no size', async () => {
  expect(await reply({ collStats: 'none' })).toMatchObject({ ok: 1, count: 0, size: 0, nindexes: 0, totalSize: 0 })
  expect(await reply({ dataSize: 'd.none' })).toMatchObject({ size: 0, numObjects: 0 })
  expect(await reply({ dbStats: 1 })).toMatchObject({ collections: 0n, objects: 0n, avgObjSize: 0 })
})

test('$collStats gives what is asked for, and stages go on with it', async () => {
  await fill()
  const stage = { $collStats: { count: {}, storageStats: { scale: 10 } } }
  const { cursor } = await reply({ aggregate: 'c', pipeline: [stage], cursor: {} })
  expect(cursor.firstBatch).toMatchObject([
    { ns: 'd.c', count: 30, storageStats: { count: 30, size: Math.floor(size / 10), scaleFactor: 10 } },
  ])
  const pipeline = [{ $collStats: { count: {} } }, { $group: { _id: 1, count: { $sum: '$count' } } }]
  const grouped = await reply({ aggregate: 'c', pipeline, cursor: {} })
  expect(grouped.cursor.firstBatch).toEqual([{ _id: 1, count: 30 }])
})

test('dbStats sums up a database, and no other', async () => {
  await fill()
  await reply({ insert: 'e', documents: [{ _id: 1 }] })
  await reply({ insert: 'c', documents: [{ _id: 1 }], $db: 'other' })
  const all = size + calculateObjectSize({ _id: 1 })
  const stats = await reply({ dbStats: 1 })
  expect(stats).toMatchObject({
    db: 'd',
    collections: 2n,
    views: 0n,
    objects: 31n,
    avgObjSize: all / 31,
    dataSize: all,
    indexes: 4n,
    scaleFactor: 1n,
  })
  expect(stats.totalSize).toBe(stats.storageSize + stats.indexSize)
  expect(await reply({ dbStats: 1, scale: 1024 })).toMatchObject({ dataSize: all / 1024 })
})

test('a view has no size, and a time-series collection that of its buckets', async () => {
  await fill()
  await reply({ create: 'v', viewOn: 'c', pipeline: [] })
  for (const request of [{ collStats: 'v' }, { validate: 'v' }, { dataSize: 'd.v' }]) {
    expect(await reply(request)).toMatchObject({ code: 166 })
  }
  await reply({ create: 't', timeseries: { timeField: 'at' } })
  await reply({ insert: 't', documents: [{ at: new Date(0), n: 1 }] })
  const stats = await reply({ collStats: 't' })
  expect(stats).toMatchObject({ ns: 'd.t', timeseries: { bucketsNs: 'd.system.buckets.t', bucketCount: 1 } })
  expect(stats.size).toBeGreaterThan(0)
  expect(await reply({ validate: 't' })).toMatchObject({ code: 238 })
  expect(await reply({ validate: 'system.buckets.t' })).toMatchObject({ valid: true, nrecords: 1 })
  expect(await reply({ dbStats: 1 })).toMatchObject({ views: 2n })
})

test("the log has MongoDB's name, a bound and a size", async () => {
  await fill()
  const stats = await reply({ collStats: 'oplog.rs', $db: 'local' })
  expect(stats).toMatchObject({ ns: 'local.oplog.rs', capped: true, nindexes: 0 })
  expect(stats.maxSize).toBe(services.store.settings.retention.bytesMax)
  expect(stats.size).toBeGreaterThan(size)
  expect(await reply({ dataSize: 'local.oplog.rs' })).toMatchObject({ size: stats.size, numObjects: stats.count })
  const { cursor } = await reply({
    aggregate: 'oplog.rs',
    pipeline: [{ $collStats: { count: {} } }],
    cursor: {},
    $db: 'local',
  })
  expect(cursor.firstBatch).toMatchObject([{ count: stats.count }])
})

test('dataSize weighs the documents of one collection', async () => {
  await fill()
  expect(await reply({ dataSize: 'd.c' })).toMatchObject({ size, numObjects: 30, estimate: false })
})

test.for<[Document, number]>([
  [{ collStats: 'c', scale: 0 }, 2],
  [{ collStats: 'c', other: 1 }, 40415],
  [{ dbStats: 1, freeStorage: true }, 238],
  [{ dataSize: 'd' }, 73],
  [{ dataSize: 'd.c', keyPattern: { _id: 1 } }, 238],
  [{ aggregate: 1, pipeline: [{ $collStats: {} }], cursor: {} }, 73],
  [{ aggregate: 'c', pipeline: [{ $collStats: 1 }], cursor: {} }, 5447000],
  [{ aggregate: 'c', pipeline: [{ $collStats: { latencyStats: {} } }], cursor: {} }, 238],
  [{ aggregate: 'c', pipeline: [{ $collStats: { count: {} } }], cursor: {} }, 26],
  [{ validate: 'c' }, 26],
  [{ validate: 'c', repair: true }, 238],
])('%o is refused with %i', async ([request, code]) => {
  expect(await reply(request)).toMatchObject({ code })
})

test('a collection that was only written to is valid', async () => {
  await fill()
  await reply({ update: 'c', updates: [{ q: { _id: 3 }, u: { $set: { name: 'another' } } }] })
  await reply({ delete: 'c', deletes: [{ q: { _id: 4 }, limit: 1 }] })
  expect(await reply({ validate: 'c', full: true })).toMatchObject({
    valid: true,
    nrecords: 29,
    nIndexes: 3,
    keysPerIndex: { _id_: 29, name_1: 29 },
    errors: [],
  })
})

test('what is broken in a collection is found', async () => {
  await fill()
  const { store } = services
  const info = must(await withSnapshot(store, snapshot => store.catalog.find(snapshot, { db: 'd', coll: 'c' })), 'd.c')
  await store.engine.write(async transaction => {
    const [third, fourth, fifth] = [3, 4, 5].map(id => recordKey(info.id, int32Value(id))) as [Buffer, Buffer, Buffer]
    transaction.put('records', third, must(await transaction.get('records', fourth), 'the fourth'))
    transaction.put('records', fifth, Uint8Array.of(1, 2, 3))
    transaction.delete('records', fourth)
  })
  expect(await reply({ validate: 'c' })).toMatchObject({
    valid: false,
    nrecords: 29,
    nInvalidDocuments: 2,
    extraIndexEntriesCount: 3,
    indexDetails: { name_1: { valid: false }, text_1: { valid: true } },
    errors: expect.arrayContaining([expect.stringContaining('its _id 4')]) as unknown,
  })
})

test('a capped collection tells its limits, and one with a collation is what it should be', async () => {
  const collation = { locale: 'en', strength: 2 }
  await reply({ create: 'capped', capped: true, size: 4096, max: 2, collation })
  await reply({ insert: 'capped', documents: [{ _id: 'a' }, { _id: 1 }, { _id: 'b' }] })
  expect(await reply({ collStats: 'capped' })).toMatchObject({ capped: true, max: 2, maxSize: 4096, count: 2 })
  await reply({ create: 'collated', collation })
  await reply({ createIndexes: 'collated', indexes: [{ key: { n: 1 }, name: 'n_1', unique: true }] })
  await reply({
    insert: 'collated',
    documents: [
      { _id: 'a', n: 'x' },
      { _id: 1, n: 1 },
      { _id: 'b', n: 'y' },
    ],
  })
  for (const [validate, keysPerIndex] of [
    ['capped', { _id_: 2 }],
    ['collated', { _id_: 3, n_1: 3 }],
  ]) {
    expect(await reply({ validate })).toMatchObject({ valid: true, errors: [], keysPerIndex })
  }
})
