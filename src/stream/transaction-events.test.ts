/** What streams tell of multi-document transactions. Source: MongoDB manual, change events; its change stream tests. */
import { Binary, type Document, Long } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Bench, openBench, Reader } from './streams.suite.ts'

let bench: Bench
const lsid = { id: new Binary(Buffer.alloc(16, 1), 4) }
const txnNumber = 7
const nobody = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='

beforeEach(async () => {
  bench = await openBench()
  for (const coll of ['c', 'other']) {
    await bench.command({ create: coll, $db: 'd', changeStreamPreAndPostImages: { enabled: true } })
  }
  await bench.command({ insert: 'c', $db: 'd', documents: [{ _id: 0, n: 0 }] })
})

afterEach(() => bench.close())

/** Runs the commands in one transaction, with a wait between them, and ends it. */
async function transact(commands: readonly Document[], end = 'commitTransaction'): Promise<void> {
  const fields = { lsid, txnNumber: Long.fromNumber(txnNumber), autocommit: false }
  for (const [index, command] of commands.entries()) {
    const start = index === 0 ? { startTransaction: true } : {}
    await bench.command({ ...command, $db: 'd', ...fields, ...start })
    await bench.env.advance(1000)
  }
  await bench.command({ [end]: 1, $db: 'admin', ...fields })
}

const insert = (coll: string, _id: unknown) => ({ insert: coll, documents: [{ _id }] })
const update = (n: number) => ({ update: 'c', updates: [{ q: { _id: 0 }, u: { $set: { n } } }] })
const remove = { delete: 'c', deletes: [{ q: { _id: 0 }, limit: 1 }] }
const operations = [insert('c', 1), insert('other', 1), update(1), update(2), insert('new', 1), remove]

const keyOf = ({ operationType, ns, documentKey }: Document) =>
  [operationType, ns.coll, documentKey?._id].filter(part => part !== undefined).join(' ')
const told = ['insert c 1', 'insert other 1', 'update c 0', 'update c 0', 'insert new 1', 'delete c 0']

test('one event for each operation, in order, all of one time, and none before the commit', async () => {
  const reader = new Reader(bench, { scope: 'd' })
  await reader.next()
  const commit = transact(operations)
  await bench.command({ insert: 'c', $db: 'd', documents: [{ _id: 'between' }] })
  await commit
  await bench.command({ insert: 'c', $db: 'd', documents: [{ _id: 'behind' }] })
  const events = await reader.drain()
  expect(events.map(keyOf)).toEqual(['insert c between', ...told, 'insert c behind'])
  const own = events.slice(1, -1)
  for (const field of ['clusterTime', 'wallTime']) {
    expect(new Set(own.map(event => String(event[field])))).toHaveLength(1)
  }
  expect(own.map(event => Number(event.wallTime))).toEqual(own.map(() => bench.env.wallMs()))
})

test('nothing of an aborted one', async () => {
  const reader = new Reader(bench, { scope: '' })
  await reader.next()
  await transact(operations, 'abortTransaction')
  expect(await reader.drain()).toEqual([])
})

test('session and number stand in front, with the user that is nobody; retryable writes show neither', async () => {
  const reader = new Reader(bench, { scope: 'd' })
  await reader.next()
  await transact([insert('c', 1), update(1)])
  await bench.command({ ...insert('c', 2), $db: 'd', lsid, txnNumber: Long.fromNumber(txnNumber + 1) })
  const [inserted = {}, updated = {}, retryable = {}] = await reader.drain()
  const common = 'txnNumber lsid _id operationType clusterTime wallTime'
  expect([inserted, updated, retryable].map(event => Object.keys(event).join(' '))).toEqual([
    `${common} fullDocument ns documentKey`,
    `${common} ns documentKey updateDescription`,
    '_id operationType clusterTime wallTime fullDocument ns documentKey',
  ])
  expect([inserted.txnNumber, Object.keys(inserted.lsid)]).toEqual([txnNumber, ['id', 'uid']])
  expect(inserted.lsid.id.toString('hex')).toBe('01'.repeat(16))
  expect([inserted.lsid.uid.sub_type, inserted.lsid.uid.toString('base64')]).toEqual([0, nobody])
})

test('a stream can be resumed from each of its events', async () => {
  const reader = new Reader(bench, { scope: 'd', stage: { showExpandedEvents: true } })
  await reader.next()
  await transact(operations)
  const events = await reader.drain()
  const keys = events.map(keyOf)
  expect(keys).toEqual([...told.slice(0, 4), 'create new', ...told.slice(4)])
  for (const [index, { _id }] of events.entries()) {
    const resumed = new Reader(bench, { scope: 'd', stage: { resumeAfter: _id, showExpandedEvents: true } })
    expect((await resumed.drain()).map(keyOf)).toEqual(keys.slice(index + 1))
  }
})

test('the place in the transaction counts the operations that a stream does not see, too', async () => {
  const narrow = new Reader(bench, { scope: 'd.other' })
  const wide = new Reader(bench, { scope: 'd' })
  await Promise.all([narrow.next(), wide.next()])
  await transact(operations)
  await Promise.all([narrow.drain(), wide.drain()])
  expect(narrow.events.map(({ _id }) => _id)).toEqual([wide.events[1]?._id])
  const resumed = new Reader(bench, { scope: 'd', stage: { resumeAfter: narrow.events[0]?._id } })
  expect((await resumed.drain()).map(keyOf)).toEqual(told.slice(2))
})

test('images are those of the moment within the transaction', async () => {
  const stage = { fullDocument: 'required', fullDocumentBeforeChange: 'required' }
  const reader = new Reader(bench, { scope: 'd.c', stage })
  await reader.next()
  await transact([update(1), update(2), remove])
  const events = await reader.drain()
  expect(events.map(({ fullDocumentBeforeChange: before, fullDocument: after }) => [before?.n, after?.n])).toEqual([
    [0, 1],
    [1, 2],
    [2, undefined],
  ])
})

test('a look-up sees what the commit has left', async () => {
  const reader = new Reader(bench, { scope: 'd.c', stage: { fullDocument: 'updateLookup' } })
  await reader.next()
  await transact([update(1), update(2)])
  expect((await reader.drain()).map(({ fullDocument }) => fullDocument.n)).toEqual([2, 2])
})

test.for<[Document, number]>([
  [{ txnNumber }, 2],
  [{ txnNumber: { $exists: false } }, 1],
  [{ 'lsid.id': lsid.id }, 2],
  [{ 'lsid.id': new Binary(Buffer.alloc(16, 2), 4) }, 0],
  [{ txnNumber, 'fullDocument._id': 2 }, 1],
])('%j is found', async ([$match, count]) => {
  const live = new Reader(bench, { scope: 'd', pipeline: [{ $match }] })
  await live.next()
  await transact([insert('c', 1), insert('c', 2)])
  await bench.command({ ...insert('c', 3), $db: 'd' })
  const events = await live.drain()
  expect(events).toHaveLength(count)
})
