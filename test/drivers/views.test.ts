/** Views: read like collections, written like none, and told about by expanded events. */
import { UUID, type Collection, type Db, type Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { deployments } from './deployments.ts'
import { useGuide } from './guide.ts'

const expanded = { showExpandedEvents: true }
const viewFields = ['_id', 'operationType', 'clusterTime', 'wallTime', 'ns', 'operationDescription']

/** A view of the American restaurants, with their names and grades only. */
async function americans(db: Db): Promise<Collection> {
  const pipeline = [{ $match: { cuisine: 'American' } }, { $project: { name: 1, stars: 1 } }]
  await db.createCollection('americans', { viewOn: 'restaurants', pipeline })
  return db.collection('americans')
}

const rows = [
  { _id: 1, name: 'Blarney Castle', cuisine: 'American', stars: 3 },
  { _id: 2, name: 'Wild Asia', cuisine: 'Asian', stars: 4 },
  { _id: 3, name: 'The Moore Place', cuisine: 'American', stars: 5 },
  { _id: 4, name: 'Regina Caterers', cuisine: 'American', stars: 3 },
] as Document[]

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  async function place() {
    const { db, restaurants } = await guide.place([])
    await restaurants.insertMany(rows)
    return { db, restaurants, view: await americans(db) }
  }

  test('a view is found, counted, aggregated and asked for its values', async () => {
    const { db, view } = await place()
    const found = await view
      .find({ stars: { $lt: 5 } })
      .sort({ name: -1 })
      .project({ name: 1, _id: 0 })
      .toArray()
    expect(found).toEqual([{ name: 'Regina Caterers' }, { name: 'Blarney Castle' }])
    expect(await view.find().sort({ name: 1 }).skip(1).limit(1).toArray()).toEqual([
      { _id: 4, name: 'Regina Caterers', stars: 3 },
    ])
    expect(
      await view
        .find()
        .sort({ $natural: -1 })
        .map(({ _id }) => _id)
        .toArray(),
    ).toEqual([4, 3, 1])
    expect(await view.findOne({ _id: 2 } as Document)).toBeNull()
    expect(await view.estimatedDocumentCount()).toBe(3)
    expect(await view.countDocuments({ stars: 3 })).toBe(2)
    expect(await db.command({ count: 'americans', query: { stars: 3 }, skip: 1 })).toMatchObject({ n: 1 })
    expect(await view.distinct('stars')).toEqual([3, 5])
    expect(
      await view.aggregate([{ $group: { _id: '$stars', n: { $sum: 1 } } }, { $sort: { _id: 1 } }]).toArray(),
    ).toEqual([
      { _id: 3, n: 2 },
      { _id: 5, n: 1 },
    ])
    const explained = await view.find({ stars: 3 }).explain('queryPlanner')
    expect(explained['stages'][0].$cursor.queryPlanner).toMatchObject({
      namespace: `${db.databaseName}.restaurants`,
      parsedQuery: { cuisine: 'American' },
    })
  })

  test('a long view is read in batches', async () => {
    const { db, restaurants } = await place()
    await restaurants.deleteMany({})
    await restaurants.insertMany(Array.from({ length: 500 }, (_, n) => ({ cuisine: 'American', n })))
    const names = await db.collection('americans').find({}, { batchSize: 7 }).toArray()
    expect(names).toHaveLength(500)
  })

  test('a view on a view, and on nothing', async () => {
    const { db } = await place()
    await db.createCollection('best', { viewOn: 'americans', pipeline: [{ $match: { stars: { $gte: 5 } } }] })
    expect(await db.collection('best').find().toArray()).toEqual([{ _id: 3, name: 'The Moore Place', stars: 5 }])
    await db.createCollection('nothing', { viewOn: 'nowhere' })
    expect(await db.collection('nothing').find().toArray()).toEqual([])
  })

  test('what is a view is listed as one', async () => {
    const { db } = await place()
    const [row] = await db.listCollections({ name: 'americans' }).toArray()
    expect(row).toEqual({
      name: 'americans',
      type: 'view',
      options: {
        viewOn: 'restaurants',
        pipeline: [{ $match: { cuisine: 'American' } }, { $project: { name: 1, stars: 1 } }],
      },
      info: { readOnly: true },
    })
    const names = await db.listCollections({}, { nameOnly: true }).toArray()
    expect(names).toContainEqual({ name: 'americans', type: 'view' })
    expect(names).toContainEqual({ name: 'system.views', type: 'collection' })
    expect(await db.collection('system.views').findOne()).toMatchObject({
      _id: `${db.databaseName}.americans`,
      viewOn: 'restaurants',
    })
  })

  test('the collation of a view is part of it', async () => {
    const { db } = await place()
    const collation = { locale: 'en', strength: 2 }
    await db.createCollection('folded', { viewOn: 'restaurants', collation })
    const folded = db.collection('folded')
    expect(await folded.countDocuments({ name: 'WILD ASIA' })).toBe(1)
    expect(await folded.find({ name: 'WILD ASIA' }, { collation }).toArray()).toHaveLength(1)
    const other = { code: 167, codeName: 'OptionNotSupportedOnView' }
    await expect(folded.find({}, { collation: { locale: 'fr' } }).toArray()).rejects.toMatchObject(other)
    await expect(db.collection('americans').distinct('name', {}, { collation })).rejects.toMatchObject(other)
    await expect(db.createCollection('upon', { viewOn: 'folded' })).rejects.toMatchObject(other)
    const [row] = await db.listCollections({ name: 'folded' }).toArray()
    expect((row as Document)['options'].collation).toMatchObject({ ...collation, caseLevel: false })
  })

  test('a view is not written to', async () => {
    const { db, view } = await place()
    const refused = { code: 166, errmsg: expect.stringContaining('is a view, not a collection') }
    await expect(view.insertOne({ name: 'New' })).rejects.toMatchObject(refused)
    await expect(view.insertMany([{ name: 'New' }])).rejects.toMatchObject({ code: 166 })
    await expect(view.updateOne({}, { $set: { stars: 0 } })).rejects.toMatchObject(refused)
    await expect(view.updateMany({ no: 1 }, { $set: { stars: 0 } })).rejects.toMatchObject(refused)
    await expect(view.deleteMany({})).rejects.toMatchObject(refused)
    await expect(view.findOneAndDelete({})).rejects.toMatchObject(refused)
    await expect(view.createIndex({ name: 1 })).rejects.toMatchObject(refused)
    await expect(view.indexes()).rejects.toMatchObject(refused)
    await expect(view.dropIndexes()).rejects.toMatchObject(refused)
    await expect(view.rename('others')).rejects.toMatchObject(refused)
    await expect(db.collection('system.views').insertOne({ a: 1 })).rejects.toMatchObject({ code: 73 })
  })

  test('what a view may not be', async () => {
    const { db } = await place()
    const make = (options: Document) => db.command({ create: 'v', ...options })
    await expect(make({ viewOn: 'restaurants', pipeline: [{ $changeStream: {} }] })).rejects.toMatchObject({
      code: 167,
    })
    await expect(make({ viewOn: 'restaurants', pipeline: [{ $out: 'o' }] })).rejects.toMatchObject({ code: 167 })
    await expect(make({ viewOn: 'restaurants', pipeline: [{ $wrong: 1 }] })).rejects.toMatchObject({ code: 40324 })
    await expect(make({ viewOn: 'v' })).rejects.toMatchObject({ code: 5 })
    await expect(make({ pipeline: [] })).rejects.toMatchObject({ code: 72 })
    await expect(make({ viewOn: 'restaurants', validator: {} })).rejects.toMatchObject({ code: 72 })
    await expect(make({ viewOn: '' })).rejects.toMatchObject({ code: 73 })
    const modify = (options: Document) => db.command({ collMod: 'americans', ...options })
    await expect(modify({ pipeline: [{ $changeStream: {} }] })).rejects.toMatchObject({ code: 167 })
    await expect(modify({ validator: {} })).rejects.toMatchObject({ code: 72 })
    await expect(db.command({ collMod: 'restaurants', viewOn: 'other' })).rejects.toMatchObject({ code: 72 })
  })

  test('a view is not watched', async () => {
    const { view } = await place()
    await expect(view.watch().tryNext()).rejects.toMatchObject({
      code: 166,
      errmsg: expect.stringContaining(`${view.namespace} is a view, not a collection`),
    })
  })

  test('that a view comes, changes and goes is told to streams of the database and the deployment', async () => {
    const { db, restaurants } = await guide.place([])
    await restaurants.insertOne({ _id: 1 } as Document)
    const streams = [
      await guide.watch(db.watch([], expanded)),
      await guide.watch(guide.client.watch([{ $match: { 'ns.db': db.databaseName } }], expanded)),
    ]
    const plain = await guide.watch(db.watch())
    const single = await guide.watch(db.collection('v').watch([], expanded))
    const pipeline = [{ $match: { a: 2 } }]
    await db.createCollection('v', { viewOn: 'restaurants', pipeline })
    await db.command({ collMod: 'v', viewOn: 'others', pipeline: [] })
    await db.collection('v').drop()
    await db.createCollection('v')
    for (const stream of streams) {
      const [create, modify, drop] = await stream.take(3)
      const ns = { db: db.databaseName, coll: 'v' }
      expect(Object.keys(create ?? {})).toEqual([...viewFields, 'nsType'])
      const operationDescription = { viewOn: 'restaurants', pipeline }
      expect(create).toMatchObject({ operationType: 'create', ns, operationDescription, nsType: 'view' })
      expect(Object.keys(create?.['operationDescription'])).toEqual(['viewOn', 'pipeline'])
      expect(Object.keys(modify ?? {})).toEqual(viewFields)
      expect(modify).toMatchObject({
        operationType: 'modify',
        ns,
        operationDescription: { viewOn: 'others', pipeline: [] },
      })
      expect(Object.keys(drop ?? {})).toEqual(viewFields.slice(0, -1))
      expect(drop).toMatchObject({ operationType: 'drop', ns })
    }
    const create = await single.next()
    expect(create).toMatchObject({ operationType: 'create', nsType: 'collection' })
    expect(create['collectionUUID']).toBeInstanceOf(UUID)
    await restaurants.insertOne({ _id: 2 } as Document)
    expect(await plain.next()).toMatchObject({ operationType: 'insert', documentKey: { _id: 2 } })
  })

  test('a stream is resumed behind every event of a view', async () => {
    const { db } = await guide.place([])
    const stream = await guide.watch(db.watch([], expanded))
    await db.createCollection('v', { viewOn: 'restaurants' })
    await db.command({ collMod: 'v', viewOn: 'others' })
    await db.collection('v').drop()
    await db.createCollection('end')
    const events = await stream.take(4)
    for (const [index, { _id: resumeAfter }] of events.slice(0, -1).entries()) {
      const resumed = await guide.watch(db.watch([], { ...expanded, resumeAfter }))
      expect(await resumed.next()).toEqual(events[index + 1])
    }
  })
})
