/** The change-stream guide of the Node driver, example by example, and the one of PyMongo in its words. */
import { once, on } from 'node:events'
import { serialize } from 'bson'
import { type Document, ObjectId, Timestamp } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { restaurants as samples, wholeMissing } from '../restaurants.ts'
import { deployments } from './deployments.ts'
import { useGuide } from './guide.ts'

const blarneyCastle = { name: 'Blarney Castle' }
const becomesIrish = { $set: { cuisine: 'Irish' } }

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  test('the restaurants go in with one insertMany and come out byte for byte', async context => {
    if (wholeMissing !== undefined) context.skip(wholeMissing)
    const restaurants = guide.client.db('sample_restaurants').collection<Document>('restaurants')
    const documents = samples.map(document => ({ _id: new ObjectId(), ...document }))
    expect((await restaurants.insertMany(documents)).insertedCount).toBe(5353)
    const found = await restaurants.find({}, { raw: true, sort: { _id: 1 } }).toArray()
    const expected = documents.map(document => Buffer.from(serialize(document)))
    expect(found.length).toBe(5353)
    expect(Buffer.concat(found as unknown[] as Buffer[]).equals(Buffer.concat(expected))).toBe(true)
    expect(await restaurants.countDocuments({ cuisine: 'Irish', borough: 'Queens' })).toBeGreaterThan(0)
  })

  test('an update of Blarney Castle is told field by field, in order', async () => {
    const { restaurants, db } = await guide.place()
    const before = new Date()
    const stream = await guide.watch(restaurants.watch())
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    const event = await stream.next()
    const found = await restaurants.findOne(blarneyCastle)
    expect(Object.keys(event)).toEqual([
      '_id',
      'operationType',
      'clusterTime',
      'wallTime',
      'ns',
      'documentKey',
      'updateDescription',
    ])
    expect(Object.keys(event['_id'])).toEqual(['_data'])
    expect(event['_id']._data).toMatch(/^82[0-9A-F]{16}2B042C0100296E5A1004[0-9A-F]{32}463C.*04$/)
    expect(event['operationType']).toBe('update')
    expect(event['clusterTime']).toBeInstanceOf(Timestamp)
    expect(event['wallTime'].getTime()).toBeGreaterThanOrEqual(before.getTime() - 1000)
    expect(Object.entries(event['ns'])).toEqual([
      ['db', db.databaseName],
      ['coll', 'restaurants'],
    ])
    expect(event['documentKey']).toEqual({ _id: found?._id })
    expect(Object.entries(event['updateDescription'])).toEqual([
      ['updatedFields', { cuisine: 'Irish' }],
      ['removedFields', []],
      ['truncatedArrays', []],
    ])
  })

  test('a collection, its database and the whole deployment can be watched', async () => {
    const { restaurants, db } = await guide.place()
    const elsewhere = db.collection('pubs')
    const ofCollection = await guide.watch(restaurants.watch())
    const ofDatabase = await guide.watch(db.watch())
    const ofClient = await guide.watch(guide.client.watch())
    await guide.client.db(`${db.databaseName}_2`).collection('restaurants').insertOne({ at: 'another database' })
    await elsewhere.insertOne({ at: 'another collection' })
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    const namespaces = (events: Document[]) => events.map(({ ns }) => `${ns.db}.${ns.coll}`)
    const { databaseName } = db
    const expected = [`${databaseName}_2.restaurants`, `${databaseName}.pubs`, `${databaseName}.restaurants`]
    expect(namespaces(await ofClient.take(3))).toEqual(expected)
    expect(namespaces(await ofDatabase.take(2))).toEqual(expected.slice(1))
    expect(namespaces(await ofCollection.take(1))).toEqual(expected.slice(2))
  })

  test('a collection that is not there can be watched, and that does not create it', async () => {
    const { db, restaurants } = await guide.place([])
    const stream = await guide.watch(restaurants.watch())
    expect(await db.listCollections().toArray()).toEqual([])
    await restaurants.insertOne({ name: 'The First' })
    expect(await stream.next()).toMatchObject({ operationType: 'insert', fullDocument: { name: 'The First' } })
  })

  test('for await gives every change until somebody breaks', async () => {
    const { restaurants } = await guide.place()
    const stream = restaurants.watch()
    const seen: string[] = []
    once(stream, 'resumeTokenChanged').then(async () => {
      for (const cuisine of ['Irish', 'Italian', 'Indian'])
        await restaurants.updateOne(blarneyCastle, { $set: { cuisine } })
    }, expect.fail)
    for await (const change of stream) {
      if (change.operationType === 'update') seen.push(change.updateDescription.updatedFields?.['cuisine'])
      if (seen.length === 3) break
    }
    expect(seen).toEqual(['Irish', 'Italian', 'Indian'])
    expect(stream.closed).toBe(true)
  })

  test('next waits for a change, hasNext says when one is there, tryNext does not insist', async () => {
    const { restaurants } = await guide.place()
    const stream = restaurants.watch([], { maxAwaitTimeMS: 10 })
    expect(await stream.tryNext()).toBeNull()
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    expect(await stream.hasNext()).toBe(true)
    expect(await stream.tryNext()).toMatchObject({ operationType: 'update' })
    await restaurants.deleteOne(blarneyCastle)
    expect(await stream.next()).toMatchObject({ operationType: 'delete' })
    expect(await stream.tryNext()).toBeNull()
    await stream.close()
    await expect(stream.next()).rejects.toThrow('ChangeStream is closed')
  })

  test('a listener is called with each change, the haiku of the guide first', async () => {
    const { db } = await guide.place([])
    const haikus = db.collection('haikus')
    const stream = haikus.watch()
    const changes = on(stream, 'change')
    await once(stream, 'resumeTokenChanged')
    const haiku = {
      title: 'Record of a Shriveled Datum',
      content: 'No bytes, no problem. Just insert a document, in MongoDB',
    }
    const { insertedId } = await haikus.insertOne(haiku)
    await haikus.replaceOne({ _id: insertedId }, { title: 'Gone' })
    const [insert] = (await changes.next()).value as [Document]
    expect(Object.keys(insert)).toEqual([
      '_id',
      'operationType',
      'clusterTime',
      'wallTime',
      'fullDocument',
      'ns',
      'documentKey',
    ])
    expect(insert).toMatchObject({
      operationType: 'insert',
      fullDocument: { _id: insertedId, title: haiku.title },
      documentKey: { _id: insertedId },
    })
    const [replace] = (await changes.next()).value as [Document]
    expect(replace).toMatchObject({ operationType: 'replace', fullDocument: { _id: insertedId, title: 'Gone' } })
    const ended = once(stream, 'close')
    await stream.close()
    await ended
  })

  test('the stream of a change stream can be paused and resumed, and loses nothing', async () => {
    const { restaurants } = await guide.place([])
    const stream = restaurants.watch()
    const readable = stream.stream()
    const changes = on(readable, 'data')
    await once(stream, 'resumeTokenChanged')
    readable.pause()
    await restaurants.insertMany([{ _id: 1 }, { _id: 2 }] as Document[])
    expect(readable.isPaused()).toBe(true)
    readable.resume()
    const ids: unknown[] = []
    for await (const [change] of changes) {
      ids.push(change.documentKey._id)
      if (ids.length === 2) break
    }
    expect(ids).toEqual([1, 2])
    await stream.close()
  })

  test('a $match picks what is told: by type, by a field of the document, by a field that nothing has', async () => {
    const { restaurants } = await guide.place()
    const updates = await guide.watch(restaurants.watch([{ $match: { operationType: 'update' } }]))
    const queens = await guide.watch(restaurants.watch([{ $match: { 'fullDocument.borough': 'Queens' } }]))
    const short = restaurants.watch([{ $match: { runtime: { $lt: 15 } } }], { maxAwaitTimeMS: 10 })
    expect(await short.tryNext()).toBeNull()
    await restaurants.insertMany([
      { name: 'Here', borough: 'Bronx' },
      { name: 'There', borough: 'Queens' },
    ])
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    expect(await updates.next()).toMatchObject({ operationType: 'update' })
    expect(await queens.next()).toMatchObject({ operationType: 'insert', fullDocument: { name: 'There' } })
    expect(await short.tryNext()).toBeNull()
    await short.close()
  })

  test('with updateLookup the event has the whole document too', async () => {
    const { restaurants } = await guide.place()
    const stream = await guide.watch(restaurants.watch([], { fullDocument: 'updateLookup' }))
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    const event = await stream.next()
    expect(Object.keys(event)).toEqual([
      '_id',
      'operationType',
      'clusterTime',
      'wallTime',
      'fullDocument',
      'ns',
      'documentKey',
      'updateDescription',
    ])
    expect(event['fullDocument']).toEqual(await restaurants.findOne(blarneyCastle))
    expect(Object.keys(event['fullDocument'])).toEqual([
      '_id',
      'address',
      'borough',
      'cuisine',
      'grades',
      'name',
      'restaurant_id',
    ])
    expect(event['fullDocument']).toMatchObject({ borough: 'Queens', cuisine: 'Irish', restaurant_id: '40366356' })
  })
})
