/** Transactions and snapshot reads through the official driver, as its guide has them. */
import { type ClientSession, type Collection, type Document, MongoClient, MongoServerError } from 'mongodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { deployments, type Running } from './deployments.ts'
import { Watched } from './watched.ts'

describe.each(deployments)('$name', ({ start }) => {
  let running: Running
  let client: MongoClient
  let accounts: Collection<Document>
  beforeAll(async () => {
    running = await start()
    client = await MongoClient.connect(running.uri)
  }, 60_000)
  afterAll(async () => {
    await client.close()
    await running.close()
  })
  beforeEach(async () => {
    accounts = client.db('bank').collection('accounts')
    await accounts.deleteMany({})
    await accounts.insertMany([
      { _id: 'anna', balance: 100 },
      { _id: 'bert', balance: 100 },
    ] as Document[])
  })

  const balances = async (session?: ClientSession) => {
    const found = await accounts.find({}, session === undefined ? {} : { session }).toArray()
    return found.map(({ balance }) => balance as number)
  }
  const transfer = async (amount: number, session: ClientSession) => {
    await accounts.updateOne({ _id: 'anna' as never }, { $inc: { balance: -amount } }, { session })
    await accounts.updateOne({ _id: 'bert' as never }, { $inc: { balance: amount } }, { session })
  }

  test('withTransaction does all of it', async () => {
    const result = await client.withSession(session =>
      session.withTransaction(async () => {
        await transfer(30, session)
        expect([await balances(session), await balances()]).toEqual([
          [70, 130],
          [100, 100],
        ])
        return 'done'
      }),
    )
    expect([result, await balances()]).toEqual(['done', [70, 130]])
  })

  test('or nothing, when its function throws', async () => {
    const failed = client.withSession(session =>
      session.withTransaction(async () => {
        await transfer(30, session)
        throw new Error('out of paper')
      }),
    )
    await expect(failed).rejects.toThrow('out of paper')
    expect(await balances()).toEqual([100, 100])
  })

  test('startTransaction, commitTransaction and abortTransaction', async () => {
    await client.withSession(async session => {
      session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } })
      await transfer(10, session)
      await session.abortTransaction()
      session.startTransaction()
      await transfer(20, session)
      await session.commitTransaction()
      await session.commitTransaction()
    })
    expect(await balances()).toEqual([80, 120])
  })

  test('twenty callers count on one document and lose nothing', async () => {
    const counter = client.db('bank').collection<{ _id: string; n: number }>('counter')
    await counter.replaceOne({ _id: 'x' }, { n: 0 }, { upsert: true })
    const count = () =>
      client.withSession(session =>
        session.withTransaction(async () => {
          const found = await counter.findOne({ _id: 'x' }, { session })
          await counter.updateOne({ _id: 'x' }, { $set: { n: (found?.n ?? 0) + 1 } }, { session })
        }),
      )
    await Promise.all(Array.from({ length: 20 }, count))
    expect(await counter.findOne()).toEqual({ _id: 'x', n: 20 })
  }, 60_000)

  test('two that want the same document: the second is told to try again', async () => {
    await client.withSession(first =>
      client.withSession(async second => {
        first.startTransaction()
        second.startTransaction()
        await transfer(1, first)
        const error: unknown = await transfer(2, second).catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(MongoServerError)
        expect((error as MongoServerError).code).toBe(112)
        expect((error as MongoServerError).hasErrorLabel('TransientTransactionError')).toBe(true)
        await second.abortTransaction()
        await first.commitTransaction()
      }),
    )
    expect(await balances()).toEqual([99, 101])
  })

  test('a stream tells of it at once, and can be resumed in the middle of it', async () => {
    const open = (options: Document = {}) => accounts.watch([], options)
    const watched = await Watched.open(open())
    await client.withSession(session =>
      session.withTransaction(async () => {
        await transfer(5, session)
        await accounts.insertOne({ _id: 'carl', balance: 0 } as Document, { session })
      }),
    )
    const events = await watched.take(3)
    await watched.stream.close()
    expect(events.map(({ operationType, documentKey }) => [operationType, documentKey._id])).toEqual([
      ['update', 'anna'],
      ['update', 'bert'],
      ['insert', 'carl'],
    ])
    expect(new Set(events.map(({ clusterTime }) => String(clusterTime)))).toHaveLength(1)
    expect(new Set(events.map(({ txnNumber, lsid }) => `${txnNumber} ${lsid.id}`))).toHaveLength(1)
    const resumed = open({ resumeAfter: events[0]?._id })
    expect((await resumed.next())._id).toEqual(events[1]?._id)
    await resumed.close()
  })

  test('a cursor of many batches lives in its transaction', async () => {
    const many = client.db('bank').collection('many')
    await client.withSession(session =>
      session.withTransaction(async () => {
        await many.insertMany(
          Array.from({ length: 500 }, (_, n) => ({ n })),
          { session },
        )
        expect(await many.find({}, { session, batchSize: 50 }).toArray()).toHaveLength(500)
        expect(await many.countDocuments({}, { session })).toBe(500)
      }),
    )
    expect(await many.drop()).toBe(true)
  })

  test('a snapshot session sees one state, whatever is written', async () => {
    await client.withSession({ snapshot: true }, async session => {
      expect(await balances(session)).toEqual([100, 100])
      await accounts.insertOne({ _id: 'carl', balance: 7 } as Document)
      expect(await balances(session)).toEqual([100, 100])
      expect(await accounts.distinct('balance', {}, { session })).toEqual([100])
      expect(await accounts.countDocuments({}, { session })).toBe(2)
    })
    expect(await balances()).toEqual([100, 100, 7])
  })
})
