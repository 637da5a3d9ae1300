/** The history beside change streams, through the official driver: tailing local.oplog.rs, pre-images and their settings. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Document, MongoClient, Timestamp } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { open, type OpenOptions } from '../../src/index.ts'
import { startServerProcess } from '../server-process.ts'
import { deployments } from './deployments.ts'
import { useGuide } from './guide.ts'
import { Watched } from './watched.ts'

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  test('a tool that tails from the newest entry on sees each write as it is committed', async () => {
    const { db, restaurants } = await guide.place([{ name: 'Blarney Castle' }])
    const oplog = guide.client.db('local').collection('oplog.rs')
    const newest = await oplog.find().sort({ $natural: -1 }).limit(1).next()
    const ns = `${db.databaseName}.restaurants`
    const filter = { ts: { $gt: newest?.['ts'] as Timestamp }, ns }
    const tail = oplog.find(filter, { tailable: true, awaitData: true, maxAwaitTimeMS: 10_000 })
    const seen: Document[] = []
    for (let n = 1; n <= 3; n++) {
      const next = tail.next()
      await restaurants.updateOne({}, { $set: { n } })
      seen.push((await next) ?? {})
    }
    expect(seen.map(({ o }) => o.diff)).toEqual([{ i: { n: 1 } }, { u: { n: 2 } }, { u: { n: 3 } }])
    await tail.close()
    const bound = { ts: { $lte: seen[1]?.['ts'] as Timestamp }, ns }
    expect((await oplog.find(bound).sort({ $natural: -1 }).limit(1).toArray())[0]).toEqual(seen[1])
    expect(await oplog.estimatedDocumentCount()).toBeGreaterThan(3)
    expect(await oplog.countDocuments(filter)).toBe(3)
  })

  test('a stream of history loses the pre-images that have expired', async () => {
    const { db } = await guide.place([])
    const images = { changeStreamPreAndPostImages: { enabled: true } }
    const things = await db.createCollection<{ _id: number; n?: number }>('things', images)
    await things.insertOne({ _id: 1 })
    await things.updateOne({ _id: 1 }, { $set: { n: 1 } })
    const stored = guide.client.db('config').collection('system.preimages')
    expect(await stored.find({ 'preImage._id': 1 }).toArray()).toMatchObject([{ preImage: { _id: 1 } }])
    const admin = guide.client.db('admin')
    const expireAfterSeconds = 3600
    await admin.command({ setClusterParameter: { changeStreamOptions: { preAndPostImages: { expireAfterSeconds } } } })
    expect(await admin.command({ getClusterParameter: 'changeStreamOptions' })).toMatchObject({
      clusterParameters: [{ _id: 'changeStreamOptions', preAndPostImages: { expireAfterSeconds } }],
    })
    expect(await stored.countDocuments({ 'preImage._id': 1 })).toBe(1)
  })
})

interface Always {
  readonly name: string
  start(folder: string): Promise<{ readonly uri: string; close(): Promise<void> }>
}

const alwaysKeeping: readonly Always[] = [
  { name: 'open({ changeStreamImages })', start: path => open({ path, changeStreamImages: 'always' }) },
  {
    name: '--changeStreamImages',
    async start(path) {
      const server = await startServerProcess(['--port', '0', '--dbpath', path, '--changeStreamImages', 'always'])
      return { uri: server.uri, close: () => server.stop() }
    },
  },
]

test.each(alwaysKeeping)('$name always: a collection that asks for nothing has all its images', async ({ start }) => {
  const folder = await mkdtemp(join(tmpdir(), 'tailrace-images-'))
  const running = await start(folder)
  const client = new MongoClient(running.uri)
  const things = client.db('shop').collection<{ _id: number; n?: number }>('things')
  await things.insertOne({ _id: 1 })
  const options = { fullDocument: 'required', fullDocumentBeforeChange: 'required' }
  const stream = await Watched.open(things.watch([], options))
  await things.updateOne({ _id: 1 }, { $set: { n: 1 } })
  await things.replaceOne({ _id: 1 }, { n: 2 })
  await things.deleteOne({ _id: 1 })
  const events = await stream.take(3)
  expect(events.map(({ fullDocumentBeforeChange: before, fullDocument: after }) => [before, after])).toEqual([
    [{ _id: 1 }, { _id: 1, n: 1 }],
    [
      { _id: 1, n: 1 },
      { _id: 1, n: 2 },
    ],
    [{ _id: 1, n: 2 }, undefined],
  ])
  expect(await client.db('shop').listCollections().toArray()).toMatchObject([{ options: {} }])
  await stream.stream.close()
  await client.close()
  await running.close()
  await rm(folder, { recursive: true })
})

test('what was set of pre-images is still set after a restart', async () => {
  const path = await mkdtemp(join(tmpdir(), 'tailrace-images-'))
  const withClient = async <T>(options: OpenOptions, run: (client: MongoClient) => Promise<T>): Promise<T> => {
    const database = await open(options)
    const client = new MongoClient(database.uri)
    try {
      return await run(client)
    } finally {
      await client.close()
      await database.close()
    }
  }
  const changeStreamOptions = { preAndPostImages: { expireAfterSeconds: 100 } }
  await withClient({ path }, client => client.db('admin').command({ setClusterParameter: { changeStreamOptions } }))
  const again = await withClient({ path }, client => client.db('admin').command({ getClusterParameter: '*' }))
  expect(again['clusterParameters']).toMatchObject([changeStreamOptions])
  await rm(path, { recursive: true })
})
