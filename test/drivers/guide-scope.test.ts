/** Drop, rename, dropDatabase: what each scope is told, and which streams end. */
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { deployments } from './deployments.ts'
import { useGuide } from './guide.ts'

const typesOf = (events: readonly Document[]) => events.map(({ operationType }) => operationType)
const closed = 'ChangeStream is closed'

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  /** Streams of the three scopes, of which the widest shows this database only. */
  async function watchAll(options: Document = {}) {
    const { db, restaurants } = await guide.place()
    const here = [{ $match: { 'ns.db': db.databaseName } }]
    return {
      db,
      restaurants,
      ofCollection: await guide.watch(restaurants.watch([], options)),
      ofDatabase: await guide.watch(db.watch([], options)),
      ofClient: await guide.watch(guide.client.watch(here, options)),
    }
  }

  test('the drop of a collection ends its own streams and no others', async () => {
    const { db, restaurants, ofCollection, ofDatabase, ofClient } = await watchAll()
    await restaurants.drop()
    const [drop, invalidate] = await ofCollection.take(2)
    const ns = { db: db.databaseName, coll: 'restaurants' }
    expect(Object.keys(drop ?? {})).toEqual(['_id', 'operationType', 'clusterTime', 'wallTime', 'ns'])
    expect(drop).toMatchObject({ operationType: 'drop', ns })
    expect(Object.keys(invalidate ?? {})).toEqual(['_id', 'operationType', 'clusterTime', 'wallTime'])
    expect(invalidate).toMatchObject({ operationType: 'invalidate', clusterTime: drop?.['clusterTime'] })
    expect(invalidate?.['_id']).not.toEqual(drop?.['_id'])
    await expect(ofCollection.next()).rejects.toThrow(closed)

    for (const stream of [ofDatabase, ofClient]) expect(await stream.next()).toEqual(drop)
    await db.collection('restaurants').insertOne({ name: 'The Next' })
    for (const stream of [ofDatabase, ofClient]) expect(await stream.next()).toMatchObject({ operationType: 'insert' })
  })

  test('a rename ends the streams of the old name and of the new', async () => {
    const { db, restaurants, ofCollection, ofDatabase, ofClient } = await watchAll()
    const ofNewName = await guide.watch(db.collection('places').watch())
    await restaurants.rename('places')
    const { databaseName } = db
    const [rename, invalidate] = await ofCollection.take(2)
    expect(Object.keys(rename ?? {})).toEqual(['to', '_id', 'operationType', 'clusterTime', 'wallTime', 'ns'])
    expect(rename).toMatchObject({
      operationType: 'rename',
      ns: { db: databaseName, coll: 'restaurants' },
      to: { db: databaseName, coll: 'places' },
    })
    expect(invalidate).toMatchObject({ operationType: 'invalidate' })
    expect(typesOf(await ofNewName.take(2))).toEqual(['rename', 'invalidate'])
    await expect(ofCollection.next()).rejects.toThrow(closed)
    await expect(ofNewName.next()).rejects.toThrow(closed)
    for (const stream of [ofDatabase, ofClient]) expect(await stream.next()).toEqual(rename)
    await db.collection('places').insertOne({ name: 'The Next' })
    for (const stream of [ofDatabase, ofClient]) expect(await stream.next()).toMatchObject({ operationType: 'insert' })
  })

  test('a rename over another collection is one event, which says what was dropped when asked to', async () => {
    const { db, restaurants, ofDatabase } = await watchAll({ showExpandedEvents: true })
    await db.collection('places').insertOne({ name: 'In the way' })
    const [target] = await db.listCollections({ name: 'places' }).toArray()
    await restaurants.rename('places', { dropTarget: true })
    const [create, insert, rename] = await ofDatabase.take(3)
    expect(typesOf([create ?? {}, insert ?? {}])).toEqual(['create', 'insert'])
    const to = { db: db.databaseName, coll: 'places' }
    expect(rename).toMatchObject({ operationType: 'rename', to, operationDescription: { to } })
    expect(rename?.['operationDescription'].dropTarget).toEqual((target as Document)['info'].uuid)
    expect(await db.collection('places').countDocuments({ name: 'Blarney Castle' })).toBe(1)
    await expect(
      db
        .collection('places')
        .rename('nowhere')
        .then(() => restaurants.rename('x')),
    ).rejects.toMatchObject({
      code: 26,
    })
  })

  test('a rename onto a collection that is there is refused without dropTarget', async () => {
    const { db, restaurants } = await guide.place()
    await db.collection('places').insertOne({})
    await expect(restaurants.rename('places')).rejects.toMatchObject({ code: 48, codeName: 'NamespaceExists' })
  })

  test('dropDatabase is told to its database and wider, and ends all but the widest', async () => {
    const { db, restaurants, ofCollection, ofDatabase, ofClient } = await watchAll()
    await db.dropDatabase()
    expect(typesOf(await ofCollection.take(2))).toEqual(['drop', 'invalidate'])
    const [drop, dropDatabase, invalidate] = await ofDatabase.take(3)
    expect(drop).toMatchObject({ operationType: 'drop', ns: { coll: 'restaurants' } })
    expect(Object.keys(dropDatabase ?? {})).toEqual(['_id', 'operationType', 'clusterTime', 'wallTime', 'ns'])
    expect(dropDatabase).toMatchObject({ operationType: 'dropDatabase', ns: { db: db.databaseName } })
    expect(dropDatabase?.['ns']).not.toHaveProperty('coll')
    expect(invalidate).toMatchObject({ operationType: 'invalidate' })
    await expect(ofDatabase.next()).rejects.toThrow(closed)
    expect(typesOf(await ofClient.take(2))).toEqual(['drop', 'dropDatabase'])
    await restaurants.insertOne({ name: 'Again' })
    expect(await ofClient.next()).toMatchObject({ operationType: 'insert' })
  })

  test('a stream of a database goes on behind its invalidate with startAfter', async () => {
    const { db, restaurants, ofDatabase } = await watchAll()
    await db.dropDatabase()
    const [, , invalidate] = await ofDatabase.take(3)
    await restaurants.insertOne({ name: 'Again' })
    const anew = await guide.watch(db.watch([], { startAfter: invalidate?.['_id'] }))
    expect(await anew.next()).toMatchObject({ operationType: 'insert', fullDocument: { name: 'Again' } })
  })

  test('a $match that leaves out the drop still shows the invalidate, and one that leaves out both just ends', async () => {
    const { restaurants } = await guide.place()
    const invalidates = await guide.watch(restaurants.watch([{ $match: { operationType: 'invalidate' } }]))
    const inserts = await guide.watch(restaurants.watch([{ $match: { operationType: 'insert' } }]))
    await restaurants.drop()
    expect(await invalidates.next()).toMatchObject({ operationType: 'invalidate' })
    await expect(inserts.next()).rejects.toThrow(closed)
  })

  test('for await ends with an error that says so when its stream is invalidated', async () => {
    const { restaurants } = await guide.place()
    const commands = guide.observe('getMore')
    const stream = await guide.watch(restaurants.watch())
    await restaurants.drop()
    await stream.take(2)
    await expect(stream.next()).rejects.toThrow(closed)
    const last = commands.succeeded.at(-1)?.reply as { cursor: Document } | undefined
    expect(last?.cursor).toMatchObject({ invalidated: true })
    expect(Number(last?.cursor['id'])).toBe(0)
  })

  test('internal databases and system collections cannot be watched', async () => {
    const { client } = guide
    for (const name of ['local', 'config', 'admin']) {
      await expect(guide.watch(client.db(name).watch())).rejects.toMatchObject({ code: 73 })
    }
    await expect(guide.watch(client.db('x').collection('system.views').watch())).rejects.toMatchObject({ code: 73 })
  })

  test('showSystemEvents shows stored functions on streams of a database and of the deployment', async () => {
    const { client } = guide
    const { db, restaurants } = await guide.place([])
    const showSystemEvents = { showSystemEvents: true } as Document
    const inPlace = [{ $match: { 'ns.db': db.databaseName } }]
    const shown = [
      await guide.watch(db.watch([], showSystemEvents)),
      await guide.watch(client.watch(inPlace, showSystemEvents)),
    ]
    const hidden = [await guide.watch(db.watch()), await guide.watch(restaurants.watch([], showSystemEvents))]
    const functions = db.collection<Document & { _id: string }>('system.js')
    await functions.insertOne({ _id: 'twice', value: 'x => x * 2' })
    await functions.updateOne({ _id: 'twice' }, { $set: { value: 'x => x + x' } })
    await functions.deleteOne({ _id: 'twice' })
    await restaurants.insertOne({ name: 'Last' })
    for (const stream of shown) {
      const events = await stream.take(4)
      expect(events.map(({ operationType, ns }) => [operationType, ns?.coll])).toEqual([
        ['insert', 'system.js'],
        ['update', 'system.js'],
        ['delete', 'system.js'],
        ['insert', 'restaurants'],
      ])
    }
    for (const stream of hidden) expect(await stream.next()).toMatchObject({ fullDocument: { name: 'Last' } })
    const strict = { apiVersion: '1', apiStrict: true }
    const pipeline = [{ $changeStream: { showSystemEvents: true } }]
    const refused = { code: 323 }
    await expect(db.command({ aggregate: 1, pipeline, cursor: {}, ...strict })).rejects.toMatchObject(refused)
  })
})
