/** "Include pre-images and post-images": fullDocument and fullDocumentBeforeChange in all their modes. */
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { someRestaurants } from '../restaurants.ts'
import { deployments } from './deployments.ts'
import { type Place, useGuide } from './guide.ts'

const blarneyCastle = { name: 'Blarney Castle' }
const becomesIrish = { $set: { cuisine: 'Irish' } }
const images = { changeStreamPreAndPostImages: { enabled: true } }

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  async function placeWithImages(): Promise<Place> {
    const place = await guide.place([])
    await place.db.createCollection('restaurants', images)
    await place.restaurants.insertMany(someRestaurants.map(document => ({ ...document })))
    return place
  }

  test('a collection says that it keeps images, whether it was created so or changed later', async () => {
    const { db } = await placeWithImages()
    await db.createCollection('pubs')
    const options = async (name: string) => (await db.listCollections({ name }).toArray())[0]
    expect(await options('restaurants')).toMatchObject({ options: images })
    expect(await options('pubs')).toMatchObject({ options: {} })
    await db.command({ collMod: 'pubs', ...images })
    expect(await options('pubs')).toMatchObject({ options: images })
  })

  test.each(['whenAvailable', 'required'])('fullDocument %s is the document right after that change', async mode => {
    const { restaurants } = await placeWithImages()
    const stream = await guide.watch(restaurants.watch([], { fullDocument: mode }))
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    const irish = await restaurants.findOne(blarneyCastle)
    await restaurants.updateOne(blarneyCastle, { $set: { cuisine: 'Italian' } })
    const [first, second] = await stream.take(2)
    expect(first?.['fullDocument']).toEqual(irish)
    expect(second?.['fullDocument']).toEqual({ ...irish, cuisine: 'Italian' })
  })

  test.each(['whenAvailable', 'required'])('fullDocumentBeforeChange %s is the document before', async mode => {
    const { restaurants } = await placeWithImages()
    const stream = await guide.watch(restaurants.watch([], { fullDocumentBeforeChange: mode }))
    const american = await restaurants.findOne(blarneyCastle)
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    await restaurants.replaceOne(blarneyCastle, { name: 'Blarney Castle', closed: true })
    const { insertedId } = await restaurants.insertOne({ name: 'New' })
    await restaurants.deleteOne({ _id: insertedId })
    const [update, replace, insert, removal] = await stream.take(4)
    expect(update?.['fullDocumentBeforeChange']).toEqual(american)
    expect(Object.keys(update ?? {}).at(-1)).toBe('fullDocumentBeforeChange')
    expect(replace?.['fullDocumentBeforeChange']).toEqual({ ...american, cuisine: 'Irish' })
    expect(insert).not.toHaveProperty('fullDocumentBeforeChange')
    expect(removal?.['fullDocumentBeforeChange']).toEqual({ _id: insertedId, name: 'New' })
  })

  test('both images come in one event', async () => {
    const { restaurants } = await placeWithImages()
    const options = { fullDocument: 'required', fullDocumentBeforeChange: 'required' }
    const stream = await guide.watch(restaurants.watch([], options))
    await restaurants.updateOne(blarneyCastle, { $push: { grades: { grade: 'A', score: 1 } } } as Document)
    const { fullDocument, fullDocumentBeforeChange } = await stream.next()
    expect(fullDocument.grades).toEqual([...fullDocumentBeforeChange.grades, { grade: 'A', score: 1 }])
  })

  test('without images, whenAvailable says null and off says nothing', async () => {
    const { restaurants } = await guide.place()
    const whenAvailable = { fullDocument: 'whenAvailable', fullDocumentBeforeChange: 'whenAvailable' }
    const asking = await guide.watch(restaurants.watch([], whenAvailable))
    const silent = await guide.watch(
      restaurants.watch([], { fullDocument: 'default', fullDocumentBeforeChange: 'off' }),
    )
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    expect(await asking.next()).toMatchObject({ fullDocument: null, fullDocumentBeforeChange: null })
    const event = await silent.next()
    expect(event).not.toHaveProperty('fullDocument')
    expect(event).not.toHaveProperty('fullDocumentBeforeChange')
  })

  test.each([{ fullDocument: 'required' }, { fullDocumentBeforeChange: 'required' }])(
    'an image that is required and missing is error 47: %j',
    async options => {
      const { restaurants } = await guide.place()
      const stream = await guide.watch(restaurants.watch([], options))
      await restaurants.updateOne(blarneyCastle, becomesIrish)
      await expect(stream.next()).rejects.toMatchObject({ code: 47, codeName: 'NoMatchingDocument' })
    },
  )

  test('a required image is not missed by events that a $match leaves out', async () => {
    const { db, restaurants } = await placeWithImages()
    const pubs = db.collection('pubs')
    await pubs.insertOne({ name: 'Without images' })
    const stages = [{ $match: { 'ns.coll': 'restaurants' } }]
    const stream = await guide.watch(db.watch(stages, { fullDocumentBeforeChange: 'required' }))
    await pubs.updateOne({}, becomesIrish)
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    expect(await stream.next()).toMatchObject({ fullDocumentBeforeChange: { cuisine: 'American' } })
  })

  test('images are kept from collMod on, and no longer when it says so', async () => {
    const { db, restaurants } = await guide.place()
    const stream = await guide.watch(restaurants.watch([], { fullDocumentBeforeChange: 'whenAvailable' }))
    await restaurants.updateOne(blarneyCastle, { $set: { visits: 1 } })
    await db.command({ collMod: 'restaurants', ...images })
    await restaurants.updateOne(blarneyCastle, { $set: { visits: 2 } })
    await db.command({ collMod: 'restaurants', changeStreamPreAndPostImages: { enabled: false } })
    await restaurants.updateOne(blarneyCastle, { $set: { visits: 3 } })
    const before = (await stream.take(3)).map(({ fullDocumentBeforeChange }) => fullDocumentBeforeChange?.visits)
    expect(before).toEqual([undefined, 1, undefined])
  })

  test('updateLookup of a document that is gone is null', async () => {
    const { restaurants } = await guide.place()
    const early = await guide.watch(restaurants.watch())
    const { token } = early
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    await restaurants.deleteOne(blarneyCastle)
    const stream = await guide.watch(restaurants.watch([], { fullDocument: 'updateLookup', resumeAfter: token }))
    expect(await stream.next()).toMatchObject({ operationType: 'update', fullDocument: null })
  })

  test('updateLookup of an old change is the document as it is now', async () => {
    const { restaurants } = await guide.place()
    const { token } = await guide.watch(restaurants.watch())
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    await restaurants.updateOne(blarneyCastle, { $set: { cuisine: 'Italian' } })
    const stream = await guide.watch(restaurants.watch([], { fullDocument: 'updateLookup', resumeAfter: token }))
    expect(await stream.next()).toMatchObject({
      updateDescription: { updatedFields: { cuisine: 'Irish' } },
      fullDocument: { cuisine: 'Italian' },
    })
  })

  test.each([{ fullDocument: 'sometimes' }, { fullDocumentBeforeChange: 'default' }])(
    'a mode that does not exist is refused: %j',
    async options => {
      const { restaurants } = await guide.place([])
      await expect(guide.watch(restaurants.watch([], options))).rejects.toMatchObject({ code: 2 })
    },
  )
})
