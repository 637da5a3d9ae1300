/** Time-series collections: measurements in, measurements out, and what streams are told. */
import { type ClientSession, Long, type Db, type Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { deployments } from './deployments.ts'
import { useGuide } from './guide.ts'

const minute = (n: number) => new Date(Date.UTC(2024, 0, 1, 0, n))
const timeseries = { timeField: 'at', metaField: 'place' }
const visits = [
  { _id: 1, at: minute(0), place: 'Blarney Castle', guests: 3 },
  { _id: 1, at: minute(1), place: 'Wild Asia', guests: 4 },
  { _id: 2, at: minute(1), place: 'Blarney Castle', guests: 5 },
] as Document[]

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  async function place(options: Document = { timeseries }) {
    const { db } = await guide.place([])
    await db.createCollection('visits', options)
    return { db, collection: db.collection('visits') }
  }

  test('measurements are found, counted, aggregated and asked for their values; an _id may come twice', async () => {
    const { collection } = await place()
    expect(await collection.insertMany(visits.slice(0, 2))).toMatchObject({ insertedCount: 2 })
    await collection.insertOne(visits[2] as Document)
    expect(await collection.find().toArray()).toEqual(visits)
    expect(Object.keys((await collection.findOne()) ?? {})).toEqual(['at', 'place', '_id', 'guests'])
    expect(await collection.find({ _id: 1 } as Document).toArray()).toHaveLength(2)
    expect(
      await collection
        .find({ at: { $gt: minute(0) } })
        .sort({ guests: -1 })
        .project({ guests: 1, _id: 0 })
        .toArray(),
    ).toEqual([{ guests: 5 }, { guests: 4 }])
    expect(await collection.countDocuments({ place: 'Blarney Castle' })).toBe(2)
    expect(await collection.estimatedDocumentCount()).toBe(3)
    expect(await collection.distinct('place')).toEqual(['Blarney Castle', 'Wild Asia'])
    const sums = collection.aggregate([
      { $group: { _id: '$place', guests: { $sum: '$guests' } } },
      { $sort: { _id: 1 } },
    ])
    expect(await sums.toArray()).toEqual([
      { _id: 'Blarney Castle', guests: 8 },
      { _id: 'Wild Asia', guests: 4 },
    ])
  })

  test('many measurements of one minute stay in the order in which they came', async () => {
    const { collection } = await place()
    const many = Array.from({ length: 600 }, (_, n) => ({ at: minute(0), n }))
    await collection.insertMany(many.slice(0, 500))
    for (const one of many.slice(500)) await collection.insertOne(one)
    expect((await collection.find().toArray()).map(({ n }) => n)).toEqual(many.map(({ n }) => n))
  })

  test('measurements are deleted', async () => {
    const { collection } = await place()
    await collection.insertMany(visits)
    expect(await collection.deleteOne({ _id: 1 } as Document)).toMatchObject({ deletedCount: 1 })
    expect(await collection.deleteMany({ place: 'Blarney Castle' })).toMatchObject({ deletedCount: 1 })
    expect(await collection.find().toArray()).toEqual([visits[1]])
    expect(await collection.deleteMany({})).toMatchObject({ deletedCount: 1 })
  })

  test('what is not there yet is refused by name, and a measurement without a time', async () => {
    const { collection } = await place()
    const missing = { code: 238, errmsg: expect.stringContaining('time-series') }
    await expect(collection.updateOne({}, { $set: { guests: 1 } })).rejects.toMatchObject(missing)
    await expect(collection.findOneAndDelete({})).rejects.toMatchObject(missing)
    await expect(collection.createIndex({ place: 1 })).rejects.toMatchObject(missing)
    await expect(collection.rename('calls')).rejects.toMatchObject(missing)
    expect(await collection.indexes()).toEqual([])
    await expect(collection.insertOne({ guests: 1 })).rejects.toMatchObject({ code: 2 })
    const some = collection.insertMany([visits[0], { guests: 1 }, visits[1]] as Document[], { ordered: false })
    await expect(some).rejects.toMatchObject({ code: 2, result: { insertedCount: 2 } })
    await expect(collection.watch().tryNext()).rejects.toMatchObject({
      code: 166,
      errmsg: `Cannot run aggregation on timeseries with namespace ${collection.namespace}`,
    })
    const buckets = collection.db.collection('system.buckets.visits')
    await expect(buckets.insertOne({ a: 1 })).rejects.toMatchObject({ code: 73 })
  })

  const made = (db: Db, options: Document) => db.command({ create: 'wrong', ...options })
  test.each([
    [{ timeseries: { timeField: '_id' } }, 72],
    [{ timeseries: { timeField: 'a.b' } }, 72],
    [{ timeseries: { timeField: 'a', metaField: 'a' } }, 72],
    [{ timeseries: { timeField: 'a', granularity: 'days' } }, 2],
    [{ timeseries: { timeField: 'a', bucketMaxSpanSeconds: 60 } }, 72],
    [{ timeseries: { timeField: 'a', bucketMaxSpanSeconds: 60, bucketRoundingSeconds: 30 } }, 72],
    [{ timeseries: { timeField: 'a', granularity: 'hours', bucketRoundingSeconds: 30, bucketMaxSpanSeconds: 30 } }, 72],
    [{ timeseries: {} }, 40414],
    [{ timeseries, changeStreamPreAndPostImages: { enabled: true } }, 72],
    [{ timeseries, viewOn: 'restaurants' }, 72],
    [{ timeseries, expireAfterSeconds: -1 }, 72],
    [{ expireAfterSeconds: 1 }, 72],
  ])('create with %o is refused with %i', async (options, code) => {
    const { db } = await guide.place([])
    await expect(made(db, options)).rejects.toMatchObject({ code })
  })

  test('a time-series collection is listed with all its options, and its buckets beside it', async () => {
    const { db } = await place({ timeseries, expireAfterSeconds: 3600 })
    const [row] = await db.listCollections({ name: 'visits' }).toArray()
    expect(row).toEqual({
      name: 'visits',
      type: 'timeseries',
      options: {
        expireAfterSeconds: 3600,
        timeseries: { ...timeseries, granularity: 'seconds', bucketMaxSpanSeconds: 3600 },
      },
      info: { readOnly: false },
    })
    await db.createCollection('own', {
      timeseries: { timeField: 'at', bucketMaxSpanSeconds: 300, bucketRoundingSeconds: 300 },
    })
    const [own] = await db.listCollections({ name: 'own' }).toArray()
    expect((own as Document)['options'].timeseries).toEqual({
      timeField: 'at',
      bucketRoundingSeconds: 300,
      bucketMaxSpanSeconds: 300,
    })
    const names = await db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray()
    expect(names.map(({ name }) => name)).toEqual(['system.buckets.own', 'system.buckets.visits', 'system.views'])
    await db.collection('visits').drop()
    await db.collection('own').drop()
    expect((await db.listCollections().toArray()).map(({ name }) => name)).toEqual(['system.views'])
  })

  test('streams are told that it comes, changes and goes as they are of a view, and of its buckets when they ask', async () => {
    const { db } = await guide.place([])
    const showExpandedEvents = true
    const stream = await guide.watch(db.watch([], { showExpandedEvents }))
    const everything = await guide.watch(db.watch([], { showExpandedEvents, showSystemEvents: true } as Document))
    await db.createCollection('visits', { timeseries })
    await db.command({ collMod: 'visits', timeseries: { granularity: 'minutes' }, expireAfterSeconds: 60 })
    await db.collection('visits').insertOne(visits[0] as Document)
    await db.collection('visits').drop()
    await db.createCollection('end')
    const [create, modify, drop, end] = await stream.take(4)
    const unpack = (bucketMaxSpanSeconds: number) => ({
      viewOn: 'system.buckets.visits',
      pipeline: [{ $_internalUnpackBucket: { ...timeseries, bucketMaxSpanSeconds } }],
    })
    const ns = { db: db.databaseName, coll: 'visits' }
    expect(create).toMatchObject({
      operationType: 'create',
      ns,
      operationDescription: unpack(3600),
      nsType: 'timeseries',
    })
    expect(Object.keys(create ?? {})).not.toContain('collectionUUID')
    expect(modify).toMatchObject({ operationType: 'modify', ns, operationDescription: unpack(86_400) })
    expect(drop).toMatchObject({ operationType: 'drop', ns })
    expect(end).toMatchObject({ operationType: 'create', ns: { coll: 'end' } })

    const all = await everything.take(8)
    const buckets = 'system.buckets.visits'
    expect(all.map(({ operationType, ns: { coll } }) => [operationType, coll])).toEqual([
      ['create', buckets],
      ['create', 'visits'],
      ['modify', 'visits'],
      ['modify', buckets],
      ['insert', buckets],
      ['drop', 'visits'],
      ['drop', buckets],
      ['create', 'end'],
    ])
    expect(all[0]).toMatchObject({ nsType: 'collection', operationDescription: { clusteredIndex: true } })
    expect(all[4]?.['fullDocument']).toMatchObject({
      control: { version: 1, min: { at: minute(0) }, max: { at: minute(0) } },
      meta: 'Blarney Castle',
      data: { guests: { '0': 3 } },
    })
    const [row] = await db.listCollections({ name: 'visits' }).toArray()
    expect(row).toBeUndefined()
  })

  test('collMod makes buckets longer, not shorter, and ends the expiry', async () => {
    const { db } = await place({ timeseries: { ...timeseries, granularity: 'minutes' }, expireAfterSeconds: 60 })
    const modify = (options: Document) => db.command({ collMod: 'visits', ...options })
    await expect(modify({ timeseries: { granularity: 'seconds' } })).rejects.toMatchObject({ code: 72 })
    await expect(modify({ validator: {} })).rejects.toMatchObject({ code: 72 })
    await modify({ timeseries: { granularity: 'hours' }, expireAfterSeconds: 'off' })
    const [row] = await db.listCollections({ name: 'visits' }).toArray()
    expect((row as Document)['options']).toEqual({
      timeseries: { ...timeseries, granularity: 'hours', bucketMaxSpanSeconds: 2_592_000 },
    })
  })

  test('a clustered collection says so, and has no index beside', async () => {
    const { db } = await guide.place([])
    const stream = await guide.watch(db.watch([], { showExpandedEvents: true }))
    const clusteredIndex = { key: { _id: 1 }, unique: true }
    await db.createCollection('orders', { clusteredIndex, expireAfterSeconds: 60 })
    const shown = { v: 2, key: { _id: 1 }, name: '_id_', unique: true }
    const { operationDescription } = await stream.next()
    expect(operationDescription).toMatchObject({ clusteredIndex: shown })
    expect(Object.keys(operationDescription)).toEqual(['clusteredIndex', 'expireAfterSeconds'])
    expect(Long.fromValue(operationDescription.expireAfterSeconds).toNumber()).toBe(60)
    const [row] = await db.listCollections({ name: 'orders' }).toArray()
    expect((row as Document)['options'].clusteredIndex).toEqual(shown)
    expect(row).not.toHaveProperty('idIndex')
    const orders = db.collection('orders')
    expect(await orders.indexes()).toEqual([{ ...shown, clustered: true }])
    await orders.insertOne({ _id: 1 } as Document)
    await expect(orders.insertOne({ _id: 1 } as Document)).rejects.toMatchObject({ code: 11000 })
    await expect(orders.dropIndex('_id_')).rejects.toMatchObject({ code: 72 })
    const other = db.createCollection('no', { clusteredIndex: { key: { a: 1 }, unique: true } })
    await expect(other).rejects.toMatchObject({ code: 197 })
  })

  test('a transaction reads views and time series, but does not write to them or make them', async () => {
    const { db, collection } = await place()
    await collection.insertMany(visits)
    await db.createCollection('some', { viewOn: 'visits', pipeline: [{ $match: { guests: { $lt: 5 } } }] })
    const refused = { code: 263, codeName: 'OperationNotSupportedInTransaction' }
    const tries: ((session: ClientSession) => Promise<unknown>)[] = [
      session => collection.insertOne({ at: minute(9) }, { session }),
      session => collection.deleteMany({}, { session }),
      session => db.createCollection('v', { viewOn: 'visits', session }),
      session => db.createCollection('s', { timeseries, session }),
    ]
    await guide.client.withSession(async session => {
      for (const attempt of tries) {
        session.startTransaction()
        expect(await collection.find({}, { session }).toArray()).toEqual(visits)
        expect(await db.collection('some').find({}, { session }).toArray()).toHaveLength(2)
        await expect(attempt(session)).rejects.toMatchObject(refused)
        await session.abortTransaction()
      }
    })
  })
})
