/** Transactions as a driver asks for them: what is answered, and with which codes and labels. */
import { Binary, type Document, Long, Timestamp } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { ask, openServices, type TestServices } from '../../test/services.ts'
import { transactionLifetimeSecondsMax } from '../base/limits.ts'
import { dispatch } from './dispatch.ts'

let env: ManualEnv
let services: TestServices
beforeEach(async () => {
  env = new ManualEnv()
  services = await openServices(env)
  await reply({ insert: 'c', documents: [{ _id: 0, n: 0 }] })
})
afterEach(() => services.close())

const reply = (document: Document): Promise<Document> => ask(dispatch, services, named(document))

/** The command's name stays in front. */
function named(document: Document): Document {
  const [[name, value] = ['', undefined], ...others] = Object.entries(document)
  const db = name.endsWith('Transaction') ? 'admin' : 'd'
  return { [name]: value, $db: db, ...Object.fromEntries(others) }
}

/** A session, and the commands of its transactions. */
class Session {
  readonly lsid: Document
  number: number

  constructor(id: number, number = 1) {
    this.lsid = { id: new Binary(Buffer.alloc(16, id), 4) }
    this.number = number
  }

  get fields(): Document {
    return { lsid: this.lsid, txnNumber: Long.fromNumber(this.number), autocommit: false }
  }

  start = (document: Document) => reply({ ...document, ...this.fields, startTransaction: true })
  go = (document: Document) => reply({ ...document, ...this.fields })
  commit = () => this.go({ commitTransaction: 1 })
  abort = () => this.go({ abortTransaction: 1 })
}

const insert = (...ids: readonly unknown[]) => ({ insert: 'c', documents: ids.map(_id => ({ _id })) })
const increment = { update: 'c', updates: [{ q: { _id: 0 }, u: { $inc: { n: 1 } } }] }
const all = { find: 'c' }
const transient = { errorLabels: ['TransientTransactionError'] }
const over = { code: 251, codeName: 'NoSuchTransaction', ...transient }

const idsIn = ({ cursor }: Document): unknown[] => cursor.firstBatch.map(({ _id }: Document) => _id)
const ids = async (session?: Session) => idsIn(await (session?.go(all) ?? reply(all)))

test('a transaction sees its own writes, others see them when it is committed', async () => {
  const own = new Session(1)
  expect(await own.start(insert(1))).toMatchObject({ ok: 1, n: 1 })
  expect(await own.go(increment)).toMatchObject({ nModified: 1 })
  expect([await ids(own), await ids()]).toEqual([[0, 1], [0]])
  expect(await own.commit()).toMatchObject({ ok: 1 })
  expect((await reply(all)).cursor.firstBatch).toEqual([{ _id: 0, n: 1 }, { _id: 1 }])
})

test('an aborted one leaves nothing', async () => {
  const own = new Session(1)
  await own.start(insert(1))
  expect(await own.abort()).toMatchObject({ ok: 1 })
  expect(await ids()).toEqual([0])
  expect(await own.go(insert(1))).toMatchObject(over)
  expect(await own.commit()).toMatchObject(over)
  expect(await own.abort()).toMatchObject(over)
})

test('a commit that is repeated says yes again, also when it did nothing; what comes behind it is refused', async () => {
  const own = new Session(1)
  for (const statement of [insert(1), all]) {
    await own.start(statement)
    for (let times = 0; times < 3; times++) expect(await own.commit()).toMatchObject({ ok: 1 })
    expect(await own.go(all)).toMatchObject({ code: 256, codeName: 'TransactionCommitted' })
    expect(await own.abort()).toMatchObject({ code: 256 })
    own.number++
  }
})

test('two commits at a time are one', async () => {
  const own = new Session(1)
  await own.start(insert(1))
  expect(await Promise.all([own.commit(), own.commit()])).toMatchObject([{ ok: 1 }, { ok: 1 }])
})

test('the record of a commit answers when the session is forgotten', async () => {
  const own = new Session(1)
  await own.start(insert(1))
  await own.commit()
  await reply({ endSessions: [own.lsid] })
  expect(await own.commit()).toMatchObject({ ok: 1 })
  expect(await own.go(all)).toMatchObject({ code: 256 })
  expect(await own.start(all)).toMatchObject({ code: 117, codeName: 'ConflictingOperationInProgress' })
  const older = new Session(1, 0)
  expect(await older.start(all)).toMatchObject({ code: 225, codeName: 'TransactionTooOld' })
  expect(await older.commit()).toMatchObject({ code: 225 })
})

test('numbers go up', async () => {
  const own = new Session(1, 5)
  expect(await own.go(all)).toMatchObject(over)
  expect(await own.commit()).toMatchObject(over)
  await own.start(insert(1))
  expect(await own.start(all)).toMatchObject({ code: 117 })
  expect(await ids(own)).toEqual([0, 1])
  const older = new Session(1, 4)
  expect(await older.go(all)).toMatchObject({ code: 225 })
  expect(await older.start(all)).toMatchObject({ code: 225 })
  expect(await reply({ ...insert(9), lsid: own.lsid, txnNumber: Long.fromNumber(4) })).toMatchObject({ code: 225 })
  expect(await reply({ ...insert(9), lsid: own.lsid, txnNumber: Long.fromNumber(5) })).toMatchObject({ code: 72 })
  expect(await own.commit()).toMatchObject({ ok: 1 })
  expect(await reply({ ...insert(9), lsid: own.lsid, txnNumber: Long.fromNumber(5) })).toMatchObject({ code: 72 })
  await reply({ endSessions: [own.lsid] })
  expect(await reply({ ...insert(9), lsid: own.lsid, txnNumber: Long.fromNumber(5) })).toMatchObject({ code: 72 })
})

test.for<[string, (own: Session) => Promise<unknown>]>([
  ['a later transaction of the session', () => new Session(1, 2).start(insert(7))],
  [
    'a later retryable write of the session',
    own => reply({ ...insert(7), lsid: own.lsid, txnNumber: Long.fromNumber(2) }),
  ],
])('%s aborts it', async ([, act]) => {
  const own = new Session(1)
  await own.start(insert(1))
  expect(await act(own)).toMatchObject({ n: 1 })
  expect((await own.commit()).code).toBe(225)
  expect(await ids()).not.toContain(1)
})

test.for(['endSessions', 'killSessions', 'killAllSessions'])('%s aborts it', async name => {
  const own = new Session(1)
  await own.start(insert(1))
  await reply({ [name]: name === 'killAllSessions' ? [] : [own.lsid] })
  expect(await own.commit()).toMatchObject(over)
  expect([await ids(), services.transactions.openCount]).toEqual([[0], 0])
})

test('its time is over after a minute, and no timer stays', async () => {
  const own = new Session(1)
  const { timerCount } = env
  await own.start(insert(1))
  await env.advance(transactionLifetimeSecondsMax * 1000 - 1)
  expect(await ids(own)).toEqual([0, 1])
  await env.advance(1)
  expect(await own.go(all)).toMatchObject(over)
  await reply({ endSessions: [own.lsid] })
  expect([env.timerCount, services.transactions.openCount]).toEqual([timerCount, 0])
})

test('of two that change one document the second fails at once, and the first commits', async () => {
  const [first, second] = [new Session(1), new Session(2)]
  await first.start(increment)
  expect(await second.start(increment)).toMatchObject({ ok: 0, code: 112, codeName: 'WriteConflict', ...transient })
  expect(await second.commit()).toMatchObject(over)
  expect(await first.commit()).toMatchObject({ ok: 1 })
  second.number++
  expect(await second.start(increment)).toMatchObject({ nModified: 1 })
  expect(await second.commit()).toMatchObject({ ok: 1 })
  expect((await reply(all)).cursor.firstBatch).toEqual([{ _id: 0, n: 2 }])
})

test('a write outside goes ahead: the transaction fails at its write, or at its commit', async () => {
  const own = new Session(1)
  await own.start(all)
  await reply(increment)
  expect(await own.go(all)).toMatchObject({ cursor: { firstBatch: [{ _id: 0, n: 0 }] } })
  expect(await own.go(increment)).toMatchObject({ code: 112, ...transient })
  own.number++
  await own.start(increment)
  await reply(increment)
  expect(await own.commit()).toMatchObject({ code: 112, ...transient })
  expect((await reply(all)).cursor.firstBatch).toEqual([{ _id: 0, n: 2 }])
})

test('the same document inserted twice is a conflict while it is on its way, and a duplicate afterwards', async () => {
  const [first, second] = [new Session(1), new Session(2)]
  await first.start(insert(1))
  expect(await second.start(insert(1))).toMatchObject({ code: 112 })
  await first.commit()
  second.number++
  expect(await second.start(insert(1))).toMatchObject({ ok: 1, n: 0, writeErrors: [{ code: 11000 }] })
  expect(await second.commit()).toMatchObject(over)
})

test('a unique index holds, within a transaction and between two', async () => {
  await reply({ createIndexes: 'c', indexes: [{ key: { u: 1 }, name: 'u', unique: true, sparse: true }] })
  const withKey = (_id: number) => ({ insert: 'c', documents: [{ _id, u: 'x' }] })
  const [first, second] = [new Session(1), new Session(2)]
  await first.start(withKey(1))
  expect(await second.start(withKey(2))).toMatchObject({ code: 112 })
  expect(await first.go(withKey(3))).toMatchObject({ writeErrors: [{ code: 11000 }] })
  first.number++
  await first.start(withKey(1))
  await first.commit()
  expect(await reply(withKey(4))).toMatchObject({ writeErrors: [{ code: 11000 }] })
})

test('one refused statement ends it, ordered or not', async () => {
  const own = new Session(1)
  await own.start(all)
  const mixed = { insert: 'c', documents: [{ _id: 1 }, { _id: 0 }, { _id: 2 }], ordered: false }
  expect(await own.go(mixed)).toMatchObject({ ok: 1, n: 1, writeErrors: [{ index: 1, code: 11000 }] })
  expect(await own.go(all)).toMatchObject(over)
  own.number++
  await own.start(all)
  expect(await own.go({ find: 'c', filter: { $nothing: 1 } })).toMatchObject({ code: 2 })
  expect(await own.go(all)).toMatchObject(over)
  expect(await ids()).toEqual([0])
})

test('a command that may not be in a transaction is refused, and the transaction goes on', async () => {
  const own = new Session(1)
  await own.start(insert(1))
  for (const command of [{ count: 'c' }, { listCollections: 1 }, { drop: 'c' }, { explain: all }, { ping: 1 }]) {
    expect(await own.go(command)).toMatchObject({ code: 263, codeName: 'OperationNotSupportedInTransaction' })
  }
  expect(await own.commit()).toMatchObject({ ok: 1 })
  own.number++
  const stream = { aggregate: 'c', pipeline: [{ $changeStream: {} }], cursor: {} }
  expect(await own.start(stream)).toMatchObject({ code: 263 })
})

test('a commit without a transaction is none', async () => {
  expect(await reply({ commitTransaction: 1 })).toMatchObject({ code: 125, codeName: 'CommandFailed' })
  expect(await reply({ abortTransaction: 1, lsid: new Session(1).lsid })).toMatchObject({ code: 125 })
})

test('a cursor belongs to its transaction', async () => {
  await reply(insert(1, 2, 3))
  const [own, other] = [new Session(1), new Session(2)]
  const { cursor } = await own.start({ find: 'c', batchSize: 1 })
  const more = { getMore: Long.fromBigInt(cursor.id), collection: 'c', batchSize: 1 }
  await reply(insert(4))
  expect((await own.go(more)).cursor.nextBatch).toEqual([{ _id: 1 }])
  expect(await reply({ ...more, lsid: own.lsid })).toMatchObject({ code: 50740 })
  await other.start(all)
  expect(await other.go(more)).toMatchObject({ code: 50738 })
  const outside = await reply({ find: 'c', batchSize: 1, lsid: own.lsid })
  expect(await own.go({ ...more, getMore: Long.fromBigInt(outside.cursor.id) })).toMatchObject({ code: 50739 })
  expect(await reply({ ...more, lsid: own.lsid })).toMatchObject({ code: 43 })
})

test('cursors are gone with their transaction', async () => {
  await reply(insert(1, 2, 3))
  const own = new Session(1)
  for (const end of [own.commit, own.abort]) {
    await own.start({ find: 'c', batchSize: 1 })
    expect(services.cursors.count).toBe(1)
    await end()
    expect(services.cursors.count).toBe(0)
    own.number++
  }
})

test('a collection and its indexes can come into being in it', async () => {
  const own = new Session(1)
  const index = (coll: string) => ({ createIndexes: coll, indexes: [{ key: { a: 1 }, name: 'a', unique: true }] })
  await own.start({ create: 'made' })
  expect(await own.go(index('made'))).toMatchObject({ numIndexesBefore: 1, numIndexesAfter: 2 })
  expect(await own.go(index('other'))).toMatchObject({ createdCollectionAutomatically: true })
  await own.go({ insert: 'made', documents: [{ _id: 1, a: 1 }] })
  await own.go({ insert: 'implied', documents: [{ _id: 1 }] })
  const names = async () => (await reply({ listCollections: 1 })).cursor.firstBatch.map(({ name }: Document) => name)
  expect(await names()).toEqual(['c'])
  await own.commit()
  expect(await names()).toEqual(['c', 'implied', 'made', 'other'])
  expect(await reply({ insert: 'made', documents: [{ _id: 2, a: 1 }] })).toMatchObject({
    writeErrors: [{ code: 11000 }],
  })
})

test('indexes of a collection that others can write to are not built in it, but may be there', async () => {
  const index = { createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a' }] }
  const own = new Session(1)
  expect(await own.start(index)).toMatchObject({ code: 263 })
  await reply(index)
  own.number++
  expect(await own.start(index)).toMatchObject({ ok: 1, numIndexesBefore: 2, numIndexesAfter: 2 })
  await own.go({ insert: 'new', documents: [{ _id: 1 }] })
  expect(await own.go({ ...index, createIndexes: 'new' })).toMatchObject({ code: 263 })
})

test('the same collection created twice is a conflict', async () => {
  const own = new Session(1)
  await own.start(all)
  await reply({ create: 'x' })
  expect(await own.go({ create: 'x' })).toMatchObject({ code: 112, ...transient })
})

test('the first statement may say which state it wants to see', async () => {
  const own = new Session(1)
  const { operationTime } = await reply(insert(1))
  await own.start({ ...all, readConcern: { level: 'snapshot', afterClusterTime: operationTime } })
  expect(await ids(own)).toEqual([0, 1])
  const seen = await reply({ ...all, readConcern: { level: 'snapshot' } })
  await reply(insert(2))
  own.number++
  await own.start({ ...all, readConcern: { level: 'snapshot', atClusterTime: seen.cursor.atClusterTime } })
  expect(await ids(own)).toEqual([0, 1])
  own.number++
  const atClusterTime = new Timestamp({ t: 1, i: 1 })
  const tooOld = await own.start({ ...all, readConcern: { level: 'snapshot', atClusterTime } })
  expect(tooOld).toMatchObject({ code: 239, codeName: 'SnapshotTooOld', ...transient })
})

test('commands that come at once are run one after another', async () => {
  const own = new Session(1)
  await own.start(increment)
  const replies = await Promise.all([own.go(increment), own.go(increment), own.commit(), own.go(increment)])
  expect(replies).toMatchObject([{ nModified: 1 }, { nModified: 1 }, { ok: 1 }, { code: 256 }])
  expect((await reply(all)).cursor.firstBatch).toEqual([{ _id: 0, n: 3 }])
})

test('every kind of write works on what the transaction sees', async () => {
  const own = new Session(1)
  await own.start(insert(1, 2, 3))
  await own.go({ delete: 'c', deletes: [{ q: { _id: { $lt: 2 } }, limit: 0 }] })
  await own.go({ update: 'c', updates: [{ q: {}, u: { $set: { x: 1 } }, multi: true }] })
  await own.go({ update: 'c', updates: [{ q: { _id: 9 }, u: { $set: { x: 2 } }, upsert: true }] })
  const modified = await own.go({ findAndModify: 'c', query: { x: 1 }, update: { $inc: { x: 5 } }, new: true })
  expect(modified.value).toEqual({ _id: 2, x: 6 })
  expect((await own.go({ distinct: 'c', key: 'x' })).values).toEqual([6, 1, 2])
  const grouped = { aggregate: 'c', pipeline: [{ $group: { _id: null, n: { $sum: '$x' } } }], cursor: {} }
  expect((await own.go(grouped)).cursor.firstBatch).toEqual([{ _id: null, n: 9 }])
  await own.commit()
  expect(await ids()).toEqual([2, 3, 9])
})
