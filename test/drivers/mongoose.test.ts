/** Mongoose: models that save and find, and the streams of a model and of a connection. */
import { on, once } from 'node:events'
import mongoose from 'mongoose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { someRestaurants } from '../restaurants.ts'
import { deployments, type Running } from './deployments.ts'

const grade = new mongoose.Schema({ date: Date, grade: String, score: Number }, { _id: false })
const schema = new mongoose.Schema({
  name: { type: String, required: true },
  cuisine: { type: String, index: true },
  borough: String,
  restaurant_id: String,
  grades: [grade],
  address: { building: String, coord: [Number], street: String, zipcode: String },
})

describe.each(deployments)('with $name', deployment => {
  let running: Running
  let connection: mongoose.Connection

  beforeAll(async () => {
    running = await deployment.start()
    connection = await mongoose.createConnection(running.uri, { dbName: 'mongoose' }).asPromise()
  })

  afterAll(async () => {
    await connection.close()
    await running.close()
  })

  /** A model whose collection and indexes are there. */
  async function modelOf(name: string) {
    const Restaurant = connection.model(name, schema)
    await Restaurant.init()
    return Restaurant
  }

  test('a document is saved, found, changed, counted and deleted', async () => {
    const Restaurant = await modelOf('Restaurant')
    await Restaurant.insertMany(someRestaurants)
    const castle = await Restaurant.findOne({ name: 'Blarney Castle' }).orFail()
    expect(castle.cuisine).toBe('American')
    castle.cuisine = 'Irish'
    castle.grades.push({ date: new Date(0), grade: 'A', score: 2 })
    await castle.save()
    const again = await Restaurant.findById(castle._id).orFail()
    expect(again.toObject()).toEqual(castle.toObject())
    expect(again.grades.at(-1)?.date).toEqual(new Date(0))
    expect(await Restaurant.countDocuments({ cuisine: 'Irish' })).toBeGreaterThanOrEqual(1)
    expect(await Restaurant.find({ borough: 'Queens' }).sort({ name: -1 }).limit(3).lean()).toHaveLength(3)
    expect(
      (await Restaurant.findOneAndUpdate({ _id: castle._id }, { borough: 'Kings' }, { returnDocument: 'after' }))
        ?.borough,
    ).toBe('Kings')
    await again.deleteOne()
    expect(await Restaurant.exists({ _id: castle._id })).toBeNull()
    expect(Object.keys(await Restaurant.collection.indexInformation())).toEqual(['_id_', 'cuisine_1'])
  })

  test('Model.watch tells what the model does', async () => {
    const Restaurant = await modelOf('Watched')
    const stream = Restaurant.watch()
    const changes = on(stream, 'change')
    await once(stream, 'resumeTokenChanged')
    const castle = await Restaurant.create({ name: 'Blarney Castle', cuisine: 'American' })
    castle.cuisine = 'Irish'
    await castle.save()
    const next = async () => ((await changes.next()).value as [mongoose.mongo.ChangeStreamDocument])[0]
    expect(await next()).toMatchObject({ operationType: 'insert', fullDocument: { name: 'Blarney Castle', __v: 0 } })
    expect(await next()).toMatchObject({
      operationType: 'update',
      documentKey: { _id: castle._id },
      updateDescription: { updatedFields: { cuisine: 'Irish' } },
    })
    await stream.close()
  })

  test('Model.watch hydrates its documents when asked to', async () => {
    const Restaurant = await modelOf('Hydrated')
    const stream = Restaurant.watch([], { fullDocument: 'updateLookup', hydrate: true })
    const changes = on(stream, 'change')
    await once(stream, 'resumeTokenChanged')
    await Restaurant.create({ name: 'Blarney Castle' })
    const [change] = (await changes.next()).value as [{ fullDocument: unknown }]
    expect(change.fullDocument).toBeInstanceOf(Restaurant)
    await stream.close()
  })

  test('Model.watch takes a pipeline, goes on behind a token, and shows documents before and after', async () => {
    const Restaurant = connection.model('Piped', schema)
    await Restaurant.createCollection({ changeStreamPreAndPostImages: { enabled: true } })
    const pipeline = [{ $match: { 'fullDocument.cuisine': 'Irish' } }, { $unset: 'wallTime' }]
    const options = { fullDocument: 'required', fullDocumentBeforeChange: 'whenAvailable' } as const
    const stream = Restaurant.watch(pipeline, options)
    const changes = on(stream, 'change')
    await once(stream, 'resumeTokenChanged')
    await Restaurant.create({ name: 'Riviera Caterer', cuisine: 'American' })
    const castle = await Restaurant.create({ name: 'Blarney Castle', cuisine: 'Irish' })
    await Restaurant.updateOne({ _id: castle._id }, { borough: 'Manhattan' })
    const [inserted] = (await changes.next()).value as [{ _id: unknown }]
    expect(inserted).toMatchObject({ operationType: 'insert', fullDocument: { name: 'Blarney Castle' } })
    expect(inserted).not.toHaveProperty('wallTime')
    const updated = {
      operationType: 'update',
      fullDocument: { borough: 'Manhattan' },
      fullDocumentBeforeChange: { name: 'Blarney Castle' },
    }
    const [second] = (await changes.next()).value as [unknown]
    expect(second).toMatchObject(updated)
    expect(second).not.toHaveProperty('fullDocumentBeforeChange.borough')
    await stream.close()
    const resumed = Restaurant.watch(pipeline, { ...options, resumeAfter: inserted._id, hydrate: true })
    const [again] = (await on(resumed, 'change').next()).value as [{ fullDocument: InstanceType<typeof Restaurant> }]
    expect(again).toMatchObject({ ...updated, fullDocument: expect.any(Restaurant) as unknown })
    expect(again.fullDocument.borough).toBe('Manhattan')
    await resumed.close()
  })

  test('connection.watch takes a pipeline and goes on behind a token too', async () => {
    const [Third, Fourth] = [await modelOf('Third'), await modelOf('Fourth')]
    const pipeline = [{ $match: { 'ns.coll': 'fourths' } }]
    const stream = connection.watch(pipeline)
    const changes = on(stream, 'change')
    await once(stream, 'resumeTokenChanged')
    await Fourth.create({ name: 'one' })
    await Third.create({ name: 'unseen' })
    await Fourth.create({ name: 'two' })
    const [{ _id: resumeAfter }] = (await changes.next()).value as [mongoose.mongo.ChangeStreamDocument]
    await stream.close()
    const resumed = connection.watch(pipeline, { resumeAfter, fullDocument: 'updateLookup' })
    const [next] = (await on(resumed, 'change').next()).value as [unknown]
    expect(next).toMatchObject({ operationType: 'insert', ns: { coll: 'fourths' }, fullDocument: { name: 'two' } })
    await resumed.close()
  })

  test('connection.watch tells what all models do', async () => {
    const [First, Second] = [await modelOf('First'), await modelOf('Second')]
    const stream = connection.watch()
    const changes = on(stream, 'change')
    await once(stream, 'resumeTokenChanged')
    await First.create({ name: 'one' })
    await Second.create({ name: 'two' })
    const events = [(await changes.next()).value[0], (await changes.next()).value[0]]
    expect(events).toMatchObject([
      { ns: { db: 'mongoose', coll: 'firsts' }, fullDocument: { name: 'one' } },
      { ns: { db: 'mongoose', coll: 'seconds' }, fullDocument: { name: 'two' } },
    ])
    await stream.close()
  })
})
