/** A server that is stopped and started again on its data: everything is there, and every token still is a place. */
import { on, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChangeStream, type Document, MongoClient } from 'mongodb'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { someRestaurants } from '../restaurants.ts'
import { type ServerProcess, startServerProcess, startServerProcessAgainable } from '../server-process.ts'
import { Watched } from './watched.ts'

const numbersOf = (events: readonly Document[]) => events.map(({ fullDocument }) => fullDocument.number)

let folder: string
let server: ServerProcess
let client: MongoClient

const restaurants = () => client.db('sample_restaurants').collection<Document>('restaurants')

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailrace-test-'))
  await start()
})

afterEach(async () => {
  await client.close()
  await server.stop()
  await rm(folder, { recursive: true })
})

async function start(): Promise<void> {
  server = await startServerProcessAgainable(['--dbpath', folder])
  client = new MongoClient(server.uri, { minHeartbeatFrequencyMS: 20 })
  await client.connect()
}

/** Everybody leaves, the server ends, another one begins. */
async function restart(): Promise<void> {
  await client.close()
  await server.stop()
  await start()
}

test('documents, indexes, options and UUIDs are there after a restart', async () => {
  await client.db('sample_restaurants').createCollection('restaurants', {
    changeStreamPreAndPostImages: { enabled: true },
  })
  await restaurants().insertMany(someRestaurants.map(document => ({ ...document })))
  await restaurants().createIndex({ cuisine: 1 })
  const described = async () => ({
    documents: await restaurants().find().sort({ _id: 1 }).toArray(),
    collections: await client.db('sample_restaurants').listCollections().toArray(),
    indexes: await restaurants().indexes(),
  })
  const before = await described()
  await restart()
  expect(await described()).toEqual(before)
})

test('a stream is resumed after a restart, from every event and from the newest token', async () => {
  const stream = await Watched.open(restaurants().watch())
  for (const number of [1, 2, 3]) await restaurants().insertOne({ number })
  const events = await stream.take(3)
  const { token } = stream
  await restart()
  await restaurants().insertOne({ number: 4 })
  for (const [index, { _id: resumeAfter }] of events.entries()) {
    const resumed = await Watched.open(restaurants().watch([], { resumeAfter }))
    expect(numbersOf(await resumed.take(3 - index))).toEqual([2, 3, 4].slice(index))
    await resumed.stream.close()
  }
  const newest = await Watched.open(restaurants().watch([], { resumeAfter: token }))
  expect(numbersOf([await newest.next()])).toEqual([4])
  await newest.stream.close()
})

test('startAtOperationTime and startAfter reach behind a restart', async () => {
  const stream = await Watched.open(restaurants().watch())
  await restaurants().insertOne({ number: 1 })
  const { clusterTime: startAtOperationTime } = await stream.next()
  await restaurants().drop()
  const [, invalidate] = await stream.take(2)
  await restart()
  await restaurants().insertOne({ number: 2 })
  const replayed = await Watched.open(restaurants().watch([], { startAtOperationTime }))
  const types = (await replayed.take(3)).map(({ operationType }) => operationType)
  expect(types).toEqual(['insert', 'drop', 'invalidate'])
  const anew = await Watched.open(restaurants().watch([], { startAfter: invalidate?.['_id'] }))
  expect(numbersOf([await anew.next()])).toEqual([2])
  await anew.stream.close()
})

test('images are there after a restart', async () => {
  await client.db('sample_restaurants').createCollection('restaurants', {
    changeStreamPreAndPostImages: { enabled: true },
  })
  const { token, stream } = await Watched.open(restaurants().watch())
  await stream.close()
  await restaurants().insertOne({ name: 'Blarney Castle', cuisine: 'American' })
  await restaurants().updateOne({}, { $set: { cuisine: 'Irish' } })
  await restart()
  const options = { fullDocument: 'required', fullDocumentBeforeChange: 'required', resumeAfter: token }
  const resumed = await Watched.open(restaurants().watch([], options))
  const [, update] = await resumed.take(2)
  expect(update).toMatchObject({
    fullDocument: { cuisine: 'Irish' },
    fullDocumentBeforeChange: { cuisine: 'American' },
  })
  await resumed.stream.close()
})

test.each(['next', 'a listener'])(
  'a driver that waits with %s goes on by itself when the server was stopped and started, and misses nothing',
  async how => {
    const stream = restaurants().watch()
    const events = how === 'next' ? stream[Symbol.asyncIterator]() : eventsFor(stream)
    const opened = once(stream, 'resumeTokenChanged')
    const first = events.next()
    await opened
    await restaurants().insertOne({ number: 1 })
    expect(numbersOf([(await first).value])).toEqual([1])
    const second = events.next()
    await server.stop()
    server = await startServerProcess(['--port', `${server.port}`, '--dbpath', folder])
    await restaurants().insertOne({ number: 2 })
    expect(numbersOf([(await second).value])).toEqual([2])
    await stream.close()
  },
)

/** The events that a listener is called with. */
async function* eventsFor(stream: ChangeStream): AsyncGenerator<Document> {
  for await (const [event] of on(stream, 'change')) yield event as Document
}

test('the embedded API opens the same folder, one process at a time', async () => {
  await restaurants().insertOne({ number: 1 })
  await expect(open({ path: folder })).rejects.toThrow(/in use|another process/)
  await client.close()
  await server.stop()
  const db = await open({ path: folder })
  client = new MongoClient(db.uri)
  expect(await restaurants().findOne({}, { projection: { _id: 0 } })).toEqual({ number: 1 })
  await client.close()
  await db.close()
  await start()
  expect(await restaurants().countDocuments()).toBe(1)
})
