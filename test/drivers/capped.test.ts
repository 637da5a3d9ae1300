/** Capped collections and tailable cursors, as queues and logs use them. */
import { MongoClient, type Collection, type Document } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deployments, type Running } from './deployments.ts'

describe.each(deployments)('with $name', deployment => {
  let running: Running
  let client: MongoClient
  let count = 0

  beforeAll(async () => {
    running = await deployment.start()
    client = await new MongoClient(running.uri).connect()
  })

  afterAll(async () => {
    await client.close()
    await running.close()
  })

  const cappedCollection = (options: Document = {}): Promise<Collection<Document>> =>
    client.db('capped').createCollection(`c${count++}`, { capped: true, size: 100_000, ...options })

  const numbersOf = async (collection: Collection<Document>, sort: Document = {}) =>
    (await collection.find({}, { sort: sort as { [name: string]: 1 } }).toArray()).map(({ n }) => n)

  test('the newest documents are kept, in the order in which they came', async () => {
    const collection = await cappedCollection({ max: 3 })
    await collection.insertMany([5, 4, 3, 2, 1].map(n => ({ n })))
    expect(await numbersOf(collection)).toEqual([3, 2, 1])
    expect(await numbersOf(collection, { $natural: -1 })).toEqual([1, 2, 3])
    expect(await collection.isCapped()).toBe(true)
    expect(await collection.options()).toMatchObject({ capped: true, size: 100_096, max: 3 })
  })

  test('a tailable cursor gives what is there, then waits for what comes, and is woken by it', async () => {
    const collection = await cappedCollection()
    await collection.insertOne({ n: 1 })
    // Longer than a test may last: whoever waited to the end would not be in time.
    const cursor = collection.find({}, { tailable: true, awaitData: true, maxAwaitTimeMS: 120_000 })
    expect(await cursor.next()).toMatchObject({ n: 1 })
    const next = cursor.next()
    await client.db('capped').collection('elsewhere').insertOne({ n: 0 })
    await collection.insertOne({ n: 2 })
    expect(await next).toMatchObject({ n: 2 })
    await cursor.close()
  })

  test('a tailable cursor of an empty collection, and one of a collection that is not there, is dead at once', async () => {
    const collection = await cappedCollection()
    const cursor = collection.find({}, { tailable: true, awaitData: true })
    expect(await cursor.next()).toBeNull()
    expect(cursor.id?.toString()).toBe('0')
    const nowhere = client.db('capped').collection('nowhere').find({}, { tailable: true })
    expect(await nowhere.next()).toBeNull()
  })

  test('only a capped collection can be followed', async () => {
    const plain = client.db('capped').collection('plain')
    await plain.insertOne({ n: 1 })
    await expect(plain.find({}, { tailable: true }).next()).rejects.toMatchObject({ code: 2 })
  })

  test('a cursor whose place has fallen out says so', async () => {
    const collection = await cappedCollection({ max: 2 })
    await collection.insertOne({ n: 1 })
    const cursor = collection.find({}, { tailable: true })
    await cursor.next()
    await collection.insertMany([2, 3, 4].map(n => ({ n })))
    await expect(cursor.next()).rejects.toMatchObject({ code: 136, codeName: 'CappedPositionLost' })
  })

  test('what falls out tells no stream; inserts, updates and deletes do', async () => {
    const collection = await cappedCollection({ max: 1 })
    const stream = collection.watch()
    await stream.tryNext()
    await collection.insertMany([{ _id: 1 }, { _id: 2 }] as Document[])
    await collection.updateOne({ _id: 2 } as Document, { $set: { n: 1 } })
    await collection.deleteOne({ _id: 2 } as Document)
    const types: string[] = []
    for (let seen = 0; seen < 4; seen++) types.push((await stream.next()).operationType)
    expect(types).toEqual(['insert', 'insert', 'update', 'delete'])
    await stream.close()
  })

  test('the create event tells size and max in front of idIndex', async () => {
    const db = client.db('capped')
    const stream = db.watch([], { showExpandedEvents: true })
    await stream.tryNext()
    await db.createCollection('told', { capped: true, size: 1024, max: 7 })
    const event: Document = await stream.next()
    expect(Object.entries(event['operationDescription'])).toEqual([
      ['capped', true],
      ['size', 1024],
      ['max', 7],
      ['idIndex', { v: 2, key: { _id: 1 }, name: '_id_' }],
    ])
    await stream.close()
  })

  test('options that do not fit together are refused', async () => {
    const db = client.db('capped')
    await expect(db.createCollection('wrong', { capped: true })).rejects.toMatchObject({ code: 72 })
    await expect(db.createCollection('wrong', { size: 1024 })).rejects.toMatchObject({ code: 72 })
    await db.createCollection('plain2')
    await expect(db.command({ collMod: 'plain2', cappedSize: 1024 })).rejects.toMatchObject({ code: 72 })
  })

  test('it cannot be changed in a transaction, nor followed there', async () => {
    const collection = await cappedCollection()
    await collection.insertOne({ n: 1 })
    await client.withSession(async session => {
      const writes = [
        () => collection.insertOne({ n: 2 }, { session }),
        () => collection.updateOne({ n: 1 }, { $set: { n: 3 } }, { session }),
        () => collection.deleteOne({ n: 1 }, { session }),
        () => collection.updateOne({ n: 9 }, { $set: { m: 1 } }, { session, upsert: true }),
      ]
      for (const write of writes) {
        session.startTransaction()
        await expect(write()).rejects.toMatchObject({ code: 263 })
        await session.abortTransaction()
      }
      session.startTransaction()
      await expect(collection.find({}, { session, tailable: true }).next()).rejects.toMatchObject({ code: 72 })
      await session.abortTransaction()
    })
    expect(await numbersOf(collection)).toEqual([1])
  })

  test('a capped collection can be made smaller', async () => {
    const collection = await cappedCollection({ max: 10 })
    await collection.insertMany([1, 2, 3, 4].map(n => ({ n })))
    await client.db('capped').command({ collMod: collection.collectionName, cappedMax: 2 })
    await collection.insertOne({ n: 5 })
    expect(await numbersOf(collection)).toEqual([4, 5])
  })
})
