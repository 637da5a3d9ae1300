/** "Modify watch() behavior", the options of the cursor: maxAwaitTimeMS, batchSize, collation, session, comment. */
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { deployments } from './deployments.ts'
import { type Commands, useGuide } from './guide.ts'

const blarneyCastle = { name: 'Blarney Castle' }

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  const cursorsOf = ({ succeeded }: Commands): Document[] =>
    succeeded.map(({ reply }) => (reply as { cursor: Document }).cursor)
  const batchSizes = (commands: Commands) =>
    cursorsOf(commands).map(({ firstBatch, nextBatch }) => (firstBatch ?? nextBatch).length)

  test('a getMore waits maxAwaitTimeMS for an event, and no less', async () => {
    const { restaurants } = await guide.place()
    const commands = guide.observe('aggregate', 'getMore')
    const stream = restaurants.watch([], { maxAwaitTimeMS: 60 })
    expect(await stream.tryNext()).toBeNull()
    expect(await stream.tryNext()).toBeNull()
    const [aggregate, ...getMores] = commands.started.map(({ command }) => command)
    expect(aggregate).not.toHaveProperty('maxTimeMS')
    expect(getMores.map(({ maxTimeMS }) => maxTimeMS)).toEqual([60, 60])
    expect(batchSizes(commands)).toEqual([0, 0, 0])
    // Two waits of 60 ms by the clock of the driver, which rounds down.
    const waits = commands.succeeded
      .filter(({ commandName }) => commandName === 'getMore')
      .map(({ duration }) => duration)
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(58)
    await stream.close()
  })

  test('an event ends the wait at once, and others do not', async () => {
    const { db, restaurants } = await guide.place()
    const commands = guide.observe('getMore')
    // Longer than a test may last: whoever waited to the end would not be in time.
    const stream = await guide.watch(restaurants.watch([], { maxAwaitTimeMS: 120_000 }))
    for (let count = 0; count < 5; count++) await db.collection('pubs').insertOne({ count })
    await restaurants.insertOne({ name: 'New' })
    expect(await stream.next()).toMatchObject({ fullDocument: { name: 'New' } })
    expect(commands.succeeded.length).toBe(1)
  })

  test('no batch is larger than batchSize', async () => {
    const { restaurants } = await guide.place([])
    const { token } = await guide.watch(restaurants.watch())
    await guide.closeStreams()
    await restaurants.insertMany([1, 2, 3, 4, 5].map(number => ({ number })))
    const commands = guide.observe('aggregate', 'getMore')
    const stream = await guide.watch(restaurants.watch([], { resumeAfter: token, batchSize: 2 }))
    const numbers = (await stream.take(5)).map(({ fullDocument }) => fullDocument.number)
    expect(numbers).toEqual([1, 2, 3, 4, 5])
    expect(batchSizes(commands)).toEqual([2, 2, 1])
    expect(commands.started.map(({ command }) => command['cursor']?.batchSize ?? command['batchSize'])).toEqual([
      2, 2, 2,
    ])
  })

  test('batchSize 0 opens a stream without reading, and misses nothing', async () => {
    const { restaurants } = await guide.place([])
    const commands = guide.observe('aggregate')
    const stream = await guide.watch(restaurants.watch([], { batchSize: 0 }))
    await restaurants.insertOne({ number: 1 })
    expect(await stream.next()).toMatchObject({ fullDocument: { number: 1 } })
    expect(batchSizes(commands)).toEqual([0])
  })

  test('the events of one large insert come in several replies, each once', async () => {
    const { restaurants } = await guide.place([])
    const stream = await guide.watch(restaurants.watch())
    const commands = guide.observe('getMore')
    const padding = 'x'.repeat(8000)
    await restaurants.insertMany(Array.from({ length: 3000 }, (_, number) => ({ number, padding })))
    const numbers = (await stream.take(3000)).map(({ fullDocument }) => fullDocument.number)
    expect(numbers).toEqual(Array.from({ length: 3000 }, (_, number) => number))
    // 24 MB do not fit into one reply.
    expect(commands.succeeded.length).toBeGreaterThan(1)
  })

  test('a collation of strength 2 makes $match blind to case, and only if asked', async () => {
    const { restaurants } = await guide.place()
    const irish = [{ $match: { 'updateDescription.updatedFields.cuisine': 'IRISH' } }]
    const blind = await guide.watch(restaurants.watch(irish, { collation: { locale: 'en', strength: 2 } }))
    const exact = await guide.watch(restaurants.watch(irish))
    await restaurants.updateOne(blarneyCastle, { $set: { cuisine: 'Irish' } })
    await restaurants.updateOne(blarneyCastle, { $set: { cuisine: 'IRISH' } })
    const cuisines = (events: Document[]) => events.map(event => event['updateDescription'].updatedFields.cuisine)
    expect(cuisines(await blind.take(2))).toEqual(['Irish', 'IRISH'])
    expect(cuisines([await exact.next()])).toEqual(['IRISH'])
  })

  test('a stream lives in the session it is given', async () => {
    const { restaurants } = await guide.place()
    const commands = guide.observe('aggregate', 'getMore')
    const session = guide.client.startSession()
    const stream = await guide.watch(restaurants.watch([], { session }))
    await restaurants.updateOne(blarneyCastle, { $set: { cuisine: 'Irish' } }, { session })
    expect(await stream.next()).toMatchObject({ operationType: 'update' })
    for (const { command } of commands.started) expect(command['lsid']).toEqual(session.id)
    expect(session.operationTime).toBeDefined()
    await stream.stream.close()
    await session.endSession()
  })

  test.each(['which stream this is', { service: 'search', shard: 3 }])(
    'a comment goes with every command: %j',
    async comment => {
      const { restaurants } = await guide.place()
      const commands = guide.observe('aggregate', 'getMore')
      const stream = await guide.watch(restaurants.watch([], { comment, maxAwaitTimeMS: 10 }))
      await restaurants.updateOne(blarneyCastle, { $set: { cuisine: 'Irish' } })
      await stream.next()
      expect(commands.started.length).toBeGreaterThanOrEqual(2)
      for (const { command } of commands.started) expect(command['comment']).toEqual(comment)
    },
  )

  test('readConcern majority is what streams have, and others are refused', async () => {
    const { db } = await guide.place([])
    const majority = db.collection('restaurants', { readConcern: { level: 'majority' } })
    const stream = await guide.watch(majority.watch())
    await majority.insertOne({ number: 1 })
    expect(await stream.next()).toMatchObject({ operationType: 'insert' })
    const local = db.collection('restaurants', { readConcern: { level: 'local' } })
    await expect(guide.watch(local.watch())).rejects.toMatchObject({ code: 72 })
  })

  test('an option that does not exist is refused by name', async () => {
    const { db } = await guide.place([])
    const pipeline = [{ $changeStream: { fullDocumentAfterwards: 'required' } }]
    await expect(db.command({ aggregate: 'restaurants', pipeline, cursor: {} })).rejects.toMatchObject({ code: 40415 })
  })

  test('a cursor that is killed is not found any more, and the driver resumes', async () => {
    const { db, restaurants } = await guide.place([])
    const commands = guide.observe('aggregate')
    const stream = restaurants.watch([], { maxAwaitTimeMS: 10 })
    expect(await stream.tryNext()).toBeNull()
    const [cursor] = cursorsOf(commands)
    const killed = await db.command({ killCursors: 'restaurants', cursors: [cursor?.['id']] })
    expect(killed['cursorsKilled']).toEqual([cursor?.['id']])
    await restaurants.insertOne({ number: 1 })
    expect(await stream.next()).toMatchObject({ fullDocument: { number: 1 } })
    expect(commands.started.length).toBe(2)
    await stream.close()
  })
})
