/** A collection's own collation: what its commands and indexes have that name none. */
import { MongoClient, type Collection, type Document } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deployments, type Running } from './deployments.ts'

const whole = {
  locale: 'en',
  caseLevel: false,
  caseFirst: 'off',
  strength: 2,
  numericOrdering: false,
  alternate: 'non-ignorable',
  maxVariable: 'punct',
  normalization: false,
  backwards: false,
  version: '57.1',
}

type Person = { readonly _id?: string | number; readonly name?: string }

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

  const people = (documents: readonly Person[] = [], options: Document = {}): Promise<Collection<Person>> =>
    client
      .db('collation')
      .createCollection<Person>(`c${count++}`, { collation: { locale: 'en', strength: 2 }, ...options })
      .then(async collection => {
        if (documents.length > 0) await collection.insertMany([...documents])
        return collection
      })

  test('every command finds what is equal under it, and bytes only when asked for', async () => {
    const collection = await people([{ name: 'Ann' }, { name: 'ANN' }, { name: 'bob' }])
    const ann = { name: 'ann' }
    expect(await collection.find(ann).toArray()).toHaveLength(2)
    expect(await collection.find(ann, { collation: { locale: 'simple' } }).toArray()).toHaveLength(0)
    expect(await collection.countDocuments(ann)).toBe(2)
    expect(await collection.distinct('name')).toEqual(['Ann', 'bob'])
    const grouped = await collection.aggregate([{ $group: { _id: '$name' } }]).toArray()
    expect(grouped).toHaveLength(2)
    expect((await collection.updateMany(ann, { $set: { seen: true } } as Document)).modifiedCount).toBe(2)
    expect(await collection.findOneAndUpdate({ name: 'BOB' }, { $set: { name: 'Bob' } })).toMatchObject({ name: 'bob' })
    expect((await collection.deleteMany(ann)).deletedCount).toBe(2)
  })

  test('a sort is in its order', async () => {
    const collection = await people([{ name: 'b' }, { name: 'C' }, { name: 'A' }])
    const names = (await collection.find({}, { sort: { name: 1 } }).toArray()).map(({ name }) => name)
    expect(names).toEqual(['A', 'b', 'C'])
  })

  test.each([{}, { capped: true, size: 10_000 }])('an _id that is equal under it is a duplicate: %j', async options => {
    const collection = await people([{ _id: 'a' }, { _id: 1 }], options)
    await expect(collection.insertOne({ _id: 'A' })).rejects.toMatchObject({ code: 11000 })
    expect(await collection.findOne({ _id: 'A' })).toEqual({ _id: 'a' })
    expect(await collection.findOne({ _id: 'A' }, { collation: { locale: 'simple' } })).toBeNull()
    expect(await collection.findOne({ _id: 'a' }, { collation: { locale: 'simple' } })).toEqual({ _id: 'a' })
    await expect(collection.updateOne({ _id: 'Ä' }, { $set: { name: 'x' } }, { upsert: true })).resolves.toMatchObject({
      upsertedId: 'Ä',
    })
    expect((await collection.deleteOne({ _id: 'A' })).deletedCount).toBe(1)
    await collection.insertOne({ _id: 'A' })
  })

  test('indexes inherit it unless they name another, and a unique one holds by it', async () => {
    const collection = await people([{ name: 'Ann' }])
    await collection.createIndex({ name: 1 }, { unique: true })
    await collection.createIndex({ name: 1 }, { name: 'bytes', collation: { locale: 'simple' } })
    expect(await collection.indexes()).toEqual([
      { v: 2, key: { _id: 1 }, name: '_id_', collation: whole },
      { v: 2, key: { name: 1 }, name: 'name_1', unique: true, collation: whole },
      { v: 2, key: { name: 1 }, name: 'bytes' },
    ])
    await expect(collection.insertOne({ name: 'aNN' })).rejects.toMatchObject({
      code: 11000,
      keyPattern: { name: 1 },
      keyValue: { name: 'aNN' },
    })
    await collection.updateOne({ name: 'ann' }, { $set: { name: 'ANN' } })
    await collection.insertOne({ name: 'Änn' })
  })

  test('a unique index with a collation is refused where documents are equal already', async () => {
    const collection = client.db('collation').collection<Person>('plain')
    await collection.insertMany([{ name: 'Ann' }, { name: 'ann' }])
    const options = { unique: true, collation: { locale: 'en', strength: 2 } }
    await expect(collection.createIndex({ name: 1 }, options)).rejects.toMatchObject({ code: 11000 })
    await collection.deleteOne({ name: 'ann' })
    await collection.createIndex({ name: 1 }, options)
    await expect(collection.insertOne({ name: 'ANN' })).rejects.toMatchObject({ code: 11000 })
    expect(await collection.find({ name: 'ann' }).toArray()).toEqual([])
  })

  test('streams do not inherit it, and are told the whole of it', async () => {
    const db = client.db('collation')
    const expanded = db.watch([], { showExpandedEvents: true })
    await expanded.tryNext()
    const collection = await people()
    const created: Document = await expanded.next()
    expect(created['operationDescription']).toEqual({
      collation: whole,
      idIndex: { v: 2, key: { _id: 1 }, name: '_id_', collation: whole },
    })
    const stream = collection.watch([{ $match: { 'fullDocument.name': 'ann' } }])
    await stream.tryNext()
    await collection.insertMany([{ name: 'Ann' }, { name: 'ann' }])
    expect(await stream.next()).toMatchObject({ fullDocument: { name: 'ann' } })
    await Promise.all([expanded.close(), stream.close()])
    const [shown] = await db.listCollections({ name: collection.collectionName }).toArray()
    expect(shown).toMatchObject({ options: { collation: whole }, idIndex: { collation: whole } })
  })

  test('the _id index cannot have another', async () => {
    const collection = await people()
    const other = { collation: { locale: 'de' } }
    await expect(collection.createIndex({ _id: 1 }, other)).rejects.toMatchObject({ code: 2 })
    expect(await collection.createIndex({ _id: 1 })).toBe('_id_1')
  })
})
