/** showExpandedEvents: create, createIndexes, dropIndexes, modify, and the fields that only it adds. */
import { type Document, Long, UUID } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { deployments } from './deployments.ts'
import { useGuide } from './guide.ts'

const expanded = { showExpandedEvents: true }
const ddlFields = ['_id', 'operationType', 'clusterTime', 'collectionUUID', 'wallTime', 'ns', 'operationDescription']

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  test('a collection that comes into being is told, on request or by its first document', async () => {
    const { db } = await guide.place([])
    const stream = await guide.watch(db.watch([], expanded))
    await db.createCollection('pubs')
    await db.collection('bars').insertOne({ name: 'The First' })
    const [create, implicit, insert] = await stream.take(3)
    expect(Object.keys(create ?? {})).toEqual([...ddlFields, 'nsType'])
    expect(create).toMatchObject({
      operationType: 'create',
      ns: { db: db.databaseName, coll: 'pubs' },
      operationDescription: { idIndex: { v: 2, key: { _id: 1 }, name: '_id_' } },
      nsType: 'collection',
    })
    expect(create?.['collectionUUID']).toBeInstanceOf(UUID)
    expect(implicit).toMatchObject({ operationType: 'create', ns: { coll: 'bars' } })
    expect(insert).toMatchObject({ operationType: 'insert', collectionUUID: implicit?.['collectionUUID'] })
    const [info] = await db.listCollections({ name: 'bars' }).toArray()
    expect((info as Document)['info'].uuid).toEqual(implicit?.['collectionUUID'])
  })

  test('indexes that come and go are told', async () => {
    const { restaurants } = await guide.place()
    const stream = await guide.watch(restaurants.watch([], expanded))
    await restaurants.createIndex({ cuisine: 1, name: -1 })
    await restaurants.createIndex({ restaurant_id: 1 }, { unique: true, name: 'by number' })
    await restaurants.dropIndex('by number')
    const [first, second, dropped] = await stream.take(3)
    expect(Object.keys(first ?? {})).toEqual(ddlFields)
    expect(first).toMatchObject({
      operationType: 'createIndexes',
      operationDescription: { indexes: [{ v: 2, key: { cuisine: 1, name: -1 }, name: 'cuisine_1_name_-1' }] },
    })
    const byNumber = { indexes: [{ v: 2, key: { restaurant_id: 1 }, name: 'by number', unique: true }] }
    expect(second).toMatchObject({ operationType: 'createIndexes', operationDescription: byNumber })
    expect(Object.keys(dropped ?? {})).toEqual(ddlFields)
    expect(dropped).toMatchObject({ operationType: 'dropIndexes', operationDescription: byNumber })
  })

  test('the indexes of one command are one event where there are documents, and one each where there are none', async () => {
    const { db, restaurants } = await guide.place()
    const stream = await guide.watch(db.watch([], expanded))
    const both = [{ key: { cuisine: 1 } }, { key: { restaurant_id: 1 }, unique: true }]
    await restaurants.createIndexes(both)
    await db.collection('pubs').createIndexes(both)
    const [one, created, ...each] = await stream.take(4)
    const byCuisine = { v: 2, key: { cuisine: 1 }, name: 'cuisine_1' }
    const byNumber = { v: 2, key: { restaurant_id: 1 }, name: 'restaurant_id_1', unique: true }
    expect(one).toMatchObject({
      operationType: 'createIndexes',
      ns: { coll: 'restaurants' },
      operationDescription: { indexes: [byCuisine, byNumber] },
    })
    expect(Object.keys(one?.['operationDescription'])).toEqual(['indexes'])
    expect(created).toMatchObject({ operationType: 'create', ns: { coll: 'pubs' } })
    expect(each.map(({ operationDescription }) => operationDescription)).toEqual([
      { indexes: [byCuisine] },
      { indexes: [byNumber] },
    ])
    const resumed = await guide.watch(db.watch([], { ...expanded, resumeAfter: one?._id }))
    expect(await resumed.next()).toEqual(created)
  })

  test('collMod is told with what was before', async () => {
    const { db, restaurants } = await guide.place()
    await restaurants.createIndex({ opened: 1 }, { expireAfterSeconds: 3600 })
    const stream = await guide.watch(restaurants.watch([], expanded))
    const changeStreamPreAndPostImages = { enabled: true }
    await db.command({ collMod: 'restaurants', changeStreamPreAndPostImages })
    await db.command({ collMod: 'restaurants', index: { name: 'opened_1', expireAfterSeconds: 60 } })
    const [images, index] = await stream.take(2)
    expect(Object.keys(images ?? {})).toEqual([...ddlFields, 'stateBeforeChange'])
    expect(images).toMatchObject({
      operationType: 'modify',
      operationDescription: { changeStreamPreAndPostImages },
      stateBeforeChange: { collectionOptions: { uuid: images?.['collectionUUID'] } },
    })
    expect(index).toMatchObject({
      operationType: 'modify',
      operationDescription: { index: { name: 'opened_1' } },
      stateBeforeChange: { collectionOptions: { changeStreamPreAndPostImages } },
    })
    expect(Long.fromValue(index?.['operationDescription'].index.expireAfterSeconds).toNumber()).toBe(60)
    expect(Long.fromValue(index?.['stateBeforeChange'].indexOptions.expireAfterSeconds).toNumber()).toBe(3600)
  })

  test('updates say which dots are parts of a name', async () => {
    const { restaurants } = await guide.place([])
    await restaurants.insertOne({ _id: 1, menu: { '1': 'Stew', rows: [{ price: 5 }] } } as Document)
    const stream = await guide.watch(restaurants.watch([], expanded))
    await restaurants.updateOne({}, { $set: { 'menu.1': 'Pie', 'menu.rows.0.price': 6 } })
    const { updateDescription } = await stream.next()
    expect(Object.keys(updateDescription)).toEqual([
      'updatedFields',
      'removedFields',
      'truncatedArrays',
      'disambiguatedPaths',
    ])
    expect(updateDescription).toMatchObject({
      updatedFields: { 'menu.1': 'Pie', 'menu.rows.0.price': 6 },
      disambiguatedPaths: { 'menu.1': ['menu', '1'] },
    })
  })

  test('without it none of that is seen', async () => {
    const { db, restaurants } = await guide.place([])
    const stream = await guide.watch(db.watch())
    await db.createCollection('restaurants')
    await restaurants.createIndex({ name: 1 })
    await restaurants.dropIndexes()
    await db.command({ collMod: 'restaurants', changeStreamPreAndPostImages: { enabled: true } })
    await restaurants.insertOne({ name: 'Plain' })
    const event = await stream.next()
    expect(event).toMatchObject({ operationType: 'insert', fullDocument: { name: 'Plain' } })
    expect(event).not.toHaveProperty('collectionUUID')
  })

  test('a stream is resumed behind an expanded event', async () => {
    const { db, restaurants } = await guide.place([])
    const stream = await guide.watch(db.watch([], expanded))
    await db.createCollection('restaurants')
    const { _id: resumeAfter } = await stream.next()
    await restaurants.createIndex({ name: 1 })
    const resumed = await guide.watch(db.watch([], { ...expanded, resumeAfter }))
    expect(await resumed.next()).toMatchObject({ operationType: 'createIndexes' })
  })
})
