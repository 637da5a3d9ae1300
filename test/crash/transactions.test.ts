/**
 * The server is killed in the middle of many transactions. Each one moves an amount between accounts and writes a line about it: the
 * sums and the lines agree whenever it is killed, and everything that was acknowledged is there.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Document, MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { startServerProcess } from '../server-process.ts'

const accountCount = 10
const callerCount = 8

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

const options = { serverSelectionTimeoutMS: 500, directConnection: true, retryWrites: false, maxPoolSize: 20 }

test('whenever the server is killed, each transaction is there as a whole or not at all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tailrace-transactions-'))
  const acknowledged = new Set<string>()
  const start = () => startServerProcess(['--port', '0', '--dbpath', folder])
  try {
    for (let round = 0; round < 5; round++) {
      const server = await start()
      const client = await MongoClient.connect(server.uri, options)
      if (round === 0) {
        const accounts = Array.from({ length: accountCount }, (_, _id) => ({ _id, n: 0, moves: 0 }))
        await client
          .db('bank')
          .collection('accounts')
          .insertMany(accounts as Document[])
        await client.db('bank').createCollection('lines')
      }
      await check(client, acknowledged)
      const killAt = acknowledged.size + 20 + round * 11
      const killed = new Promise<void>(resolve => {
        for (let caller = 0; caller < callerCount; caller++) {
          void move(client, `${round}-${caller}`, line => {
            if (acknowledged.add(line).size === killAt) resolve(server.kill())
          })
        }
      })
      await killed
      await client.close(true)
    }
    const server = await start()
    const client = await MongoClient.connect(server.uri, options)
    await check(client, acknowledged)
    await client.close()
    await server.stop()
  } finally {
    await rm(folder, { recursive: true })
  }
  expect(acknowledged.size).toBeGreaterThan(150)
}, 120_000)
