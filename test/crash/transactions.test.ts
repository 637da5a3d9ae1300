/**
 * The server is killed in the middle of many transactions. Each one moves an amount between accounts and writes a line about it: the
 * sums and the lines agree whenever it is killed, and everything that was acknowledged is there. Beside them a capped collection is
 * written to and its size is changed; and streams, one with images and one with tokens of version 1, are told of all of it, once.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Document, MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { startServerProcess } from '../server-process.ts'
import { ResumingStream } from './resuming-stream.ts'

const accountCount = 10
const callerCount = 4
const killCount = 4

async function check(client: MongoClient, acknowledged: ReadonlySet<string>): Promise<void> {
  const lines = await client.db('bank').collection<{ _id: string }>('lines').find().toArray()
  const accounts = await client
    .db('bank')
    .collection<{ _id: number; n: number; moves: number }>('accounts')
    .find()
    .toArray()
  expect(accounts.reduce((sum, { n }) => sum + n, 0)).toBe(0)
  expect(accounts.reduce((sum, { moves }) => sum + moves, 0)).toBe(2 * lines.length)
  const ids = new Set(lines.map(({ _id }) => _id))
  expect([...acknowledged].filter(id => !ids.has(id))).toEqual([])
}

/** Moves amounts until the server is gone; tells of each line that was acknowledged. */
async function move(client: MongoClient, caller: string, onAcknowledged: (line: string) => void): Promise<void> {
  const bank = client.db('bank')
  const account = (number: number) => ({ _id: number % accountCount }) as Document
  await client.withSession(async session => {
    for (let number = 0; ; number++) {
      const line = `${caller}.${number}`
      try {
        session.startTransaction()
        await bank.collection('lines').insertOne({ _id: line } as Document, { session })
        const from = number * 7 + caller.length
        await bank.collection('accounts').updateOne(account(from), { $inc: { n: -1, moves: 1 } }, { session })
        await bank.collection('accounts').updateOne(account(from + 3), { $inc: { n: 1, moves: 1 } }, { session })
        await session.commitTransaction()
        onAcknowledged(line)
      } catch (error) {
        if (session.inTransaction()) await session.abortTransaction().catch(() => undefined)
        if (!(error instanceof Error && 'code' in error && (error.code === 112 || error.code === 251))) return
      }
    }
  })
}

/** Fills a capped collection and changes its bound until the server is gone; tells of each document that was acknowledged. */
async function fill(client: MongoClient, round: number, onAcknowledged: (id: string) => void): Promise<void> {
  const bank = client.db('bank')
  try {
    for (let number = 0; ; number++) {
      const ids = [0, 1, 2].map(place => `capped ${round}.${number}.${place}`)
      await bank.collection('capped').insertMany(ids.map(_id => ({ _id })) as Document[])
      ids.forEach(onAcknowledged)
      await bank.command({ collMod: 'capped', cappedMax: 5 + (number % 3) })
    }
  } catch {
    // The server is gone.
  }
}

/** What a stream told agrees with what there is, and with what was acknowledged. */
async function checkEvents(client: MongoClient, events: readonly Document[], acknowledged: ReadonlySet<string>) {
  const inserted = events.filter(({ operationType }) => operationType === 'insert')
  const ids = inserted.map(({ documentKey }) => documentKey._id)
  const told = new Set(ids)
  expect(told.size).toBe(ids.length)
  expect([...acknowledged].filter(id => !told.has(id))).toEqual([])
  const lines = await client.db('bank').collection<{ _id: string }>('lines').find().toArray()
  const toldLines = inserted.filter(({ ns }) => ns.coll === 'lines').map(({ documentKey }) => documentKey._id)
  expect(toldLines.toSorted()).toEqual(lines.map(({ _id }) => _id).toSorted())
  const moves = new Map<number, number>()
  for (const { operationType, documentKey, updateDescription, fullDocumentBeforeChange: before } of events) {
    if (operationType !== 'update') continue
    const { _id } = documentKey
    const count = (moves.get(_id) ?? 0) + 1
    moves.set(_id, count)
    expect(updateDescription.updatedFields.moves).toBe(count)
    if (before !== undefined) expect(before.moves).toBe(count - 1)
  }
  expect([...moves.values()].reduce((sum, count) => sum + count, 0)).toBe(2 * lines.length)
}

const options = { serverSelectionTimeoutMS: 500, directConnection: true, retryWrites: false, maxPoolSize: 20 }

test('whenever the server is killed, each transaction is there as a whole or not at all, and told once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tailrace-transactions-'))
  const lines = new Set<string>()
  const capped = new Set<string>()
  const streams = [
    new ResumingStream({ fullDocumentBeforeChange: 'required', showExpandedEvents: true }),
    new ResumingStream({}, { $_generateV2ResumeTokens: false }),
  ]
  const start = async () => {
    const server = await startServerProcess(['--port', '0', '--dbpath', folder])
    const client = await MongoClient.connect(server.uri, options)
    const open = []
    for (const stream of streams) open.push(await stream.open(client))
    return { server, client, open }
  }
  try {
    for (let round = 0; round < killCount; round++) {
      const { server, client, open } = await start()
      if (round === 0) await prepare(client)
      const reading = open.map(stream => stream.readOn())
      await check(client, lines)
      const killAt = lines.size + 12 + round * 11
      const callers: Promise<void>[] = [fill(client, round, id => capped.add(id))]
      await new Promise<void>(resolve => {
        for (let caller = 0; caller < callerCount; caller++) {
          const moving = move(client, `${round}-${caller}`, line => {
            if (lines.add(line).size === killAt) resolve(server.kill())
          })
          callers.push(moving)
        }
      })
      await client.close(true)
      await Promise.all([...callers, ...reading])
    }
    const { server, client, open } = await start()
    await check(client, lines)
    for (const [index, stream] of open.entries()) {
      await stream.drain()
      await checkEvents(client, streams[index]?.events ?? [], new Set([...lines, ...capped]))
    }
    for (const coll of ['accounts', 'lines', 'capped']) {
      expect(await client.db('bank').command({ validate: coll })).toMatchObject({ valid: true })
    }
    await client.close()
    await server.stop()
  } finally {
    await rm(folder, { recursive: true })
  }
  expect(lines.size).toBeGreaterThan(100)
  expect(capped.size).toBeGreaterThan(0)
}, 120_000)

async function prepare(client: MongoClient): Promise<void> {
  const bank = client.db('bank')
  const keepsImages = { changeStreamPreAndPostImages: { enabled: true } }
  await bank.createCollection('accounts', keepsImages)
  await bank.createCollection('lines', keepsImages)
  await bank.createCollection('capped', { capped: true, size: 10_000, max: 5 })
  const accounts = Array.from({ length: accountCount }, (_, _id) => ({ _id, n: 0, moves: 0 }))
  await bank.collection('accounts').insertMany(accounts as Document[])
}
