/** What ends a getMore while it waits for an event, and what keeps one from its cursor. */
import { Binary, type Document, Long } from 'bson'
import { afterEach, expect, test } from 'vitest'
import { ManualEnv } from '../../../test/manual-env.ts'
import { ask, makeClient, messageOf, openServices, type TestServices } from '../../../test/services.ts'
import { sessionIdleMinutesMax } from '../../base/limits.ts'
import { CommandError } from '../../base/errors.ts'
import { dispatch } from '../dispatch.ts'

let services: TestServices

afterEach(() => services.close())

/** A getMore on a new change stream that has nothing to give, and the number of its cursor. */
async function waitingGetMore(): Promise<{ id: unknown; reply: Promise<Document> }> {
  const env = new ManualEnv()
  services = await openServices(env)
  const { cursor } = await ask(dispatch, services, {
    aggregate: 'c',
    pipeline: [{ $changeStream: {} }],
    cursor: {},
    $db: 'd',
  })
  const reply = ask(dispatch, services, { getMore: cursor.id, collection: 'c', $db: 'd' })
  while (![...services.operations.running].some(({ awaitsNews }) => awaitsNews)) await env.yieldTurn()
  return { id: cursor.id, reply }
}

test('a getMore whose cursor is killed while it waits says that it was interrupted', async () => {
  const { id, reply } = await waitingGetMore()
  await ask(dispatch, services, { killCursors: 'c', cursors: [id], $db: 'd' })
  expect(await reply).toMatchObject({
    codeName: 'CursorKilled',
    errmsg: expect.stringMatching(/^Executor error during getMore :: caused by :: operation was interrupted/),
  })
})

test('a stream that waits when the server stops gets an error after which its driver resumes it', async () => {
  const { reply } = await waitingGetMore()
  services.operations.interruptWaiting(new CommandError('InterruptedAtShutdown', 'interrupted at shutdown'))
  services.cursors.closeAll()
  expect(await reply).toMatchObject({ code: 11600, errorLabels: ['ResumableChangeStreamError'] })
})

const lsid = (byte: number) => ({ id: new Binary(Buffer.alloc(16, byte), 4) })
const stream = { aggregate: 'c', pipeline: [{ $changeStream: {} }], cursor: {}, $db: 'd' }

test.for<[what: string, opened: Document, asked: Document, code: number]>([
  ['another collection', {}, { collection: 'other' }, 13],
  ['another database', {}, { $db: 'e' }, 13],
  ['a session, opened without', {}, { lsid: lsid(1) }, 50736],
  ['no session, opened in one', { lsid: lsid(1) }, {}, 50737],
  ['another session', { lsid: lsid(1) }, { lsid: lsid(2) }, 50738],
  ['an API version, opened without', {}, { apiVersion: '1' }, 347],
  ['no API version, opened with one', { apiVersion: '1' }, {}, 347],
  ['less of the API', { apiVersion: '1', apiStrict: true }, { apiVersion: '1' }, 347],
  ['more of the API', { apiVersion: '1' }, { apiVersion: '1', apiDeprecationErrors: false }, 347],
  ['an unknown field', {}, { nonsense: 1 }, 40415],
])('a getMore with %s is refused and leaves the cursor', async ([, opened, asked, code]) => {
  services = await openServices(new ManualEnv())
  const send = (document: Document) => ask(dispatch, services, document)
  const { cursor } = await send({ ...stream, ...opened })
  const more = { getMore: cursor.id, collection: 'c', $db: 'd', maxTimeMS: 0 }
  expect(await send({ ...more, ...asked })).toMatchObject({ ok: 0, code })
  await send({ insert: 'c', documents: [{ _id: 1 }], $db: 'd' })
  const { nextBatch } = (await send({ ...more, ...opened })).cursor
  expect(nextBatch).toMatchObject([{ operationType: 'insert' }])
})

test('a getMore may not wait on a cursor that does not, and leaves it', async () => {
  services = await openServices(new ManualEnv())
  const send = (document: Document) => ask(dispatch, services, { ...document, $db: 'd' })
  await send({ insert: 'c', documents: [{ _id: 1 }, { _id: 2 }] })
  const { cursor } = await send({ find: 'c', batchSize: 1 })
  const more = { getMore: cursor.id, collection: 'c' }
  expect(await send({ ...more, maxTimeMS: 100 })).toMatchObject({ code: 2, codeName: 'BadValue' })
  expect((await send(more)).cursor.nextBatch).toEqual([{ _id: 2 }])
})

test('what goes wrong while a batch is made says in which command, and ends the cursor', async () => {
  services = await openServices(new ManualEnv())
  const send = (document: Document) => ask(dispatch, services, { ...document, $db: 'd' })
  const pipeline = [{ $changeStream: {} }, { $unset: '_id' }]
  const watch = { ...stream, pipeline }
  const { operationTime, cursor } = await send(watch)
  await send({ insert: 'c', documents: [{ _id: 1 }] })
  const failure = (doing: string) => ({
    code: 280,
    errmsg: expect.stringMatching(new RegExp(`^${doing} :: caused by :: Encountered an event whose _id`)),
    errorLabels: ['NonResumableChangeStreamError'],
  })
  const more = { getMore: cursor.id, collection: 'c' }
  expect(await send(more)).toMatchObject(failure('Executor error during getMore'))
  expect(await send(more)).toMatchObject({ code: 43 })
  const again = [{ $changeStream: { startAtOperationTime: operationTime } }, { $unset: '_id' }]
  expect(await send({ ...watch, pipeline: again })).toMatchObject(failure('PlanExecutor error during aggregation'))
  const divided = [{ $set: { x: { $divide: [1, '$zero'] } } }]
  await send({ insert: 'numbers', documents: [{ zero: 0 }] })
  expect((await send({ aggregate: 'numbers', pipeline: divided, cursor: {} })).errmsg).toMatch(
    /^PlanExecutor error during aggregation :: caused by :: /,
  )
  // What is wrong with the command itself was not being run.
  expect((await send({ ...watch, pipeline: [{ $changeStream: { x: 1 } }] })).errmsg).toMatch(/^BSON field/)
})

const computing = {
  $expr: {
    $gte: [{ $sum: { $map: { input: { $range: [0, 99] }, in: { $add: ['$$this', { $ifNull: ['$_id', 0] }] } } } }, 0],
  },
}

const rows = Array.from({ length: 500 }, (_, _id) => ({ _id }))

test.for<[what: string, opened: Document]>([
  ['a find', { find: 'c', batchSize: 1 }],
  ['a sorted find', { find: 'c', sort: { x: 1 }, batchSize: 1 }],
  ['a find of a view', { find: 'v', filter: { _id: { $gte: 0 } }, batchSize: 1 }],
  ['a pipeline', { aggregate: 'c', pipeline: [{ $match: { _id: { $gte: 0 } } }], cursor: { batchSize: 1 } }],
  ['a pipeline over the log', { aggregate: 'oplog.rs', pipeline: [], cursor: { batchSize: 1 }, $db: 'local' }],
  ['a tailable find', { find: 'log', tailable: true, batchSize: 1 }],
  ['a tailable find that computes', { find: 'log', filter: computing, tailable: true, batchSize: 1 }],
  ['a tailable find of the log', { find: 'oplog.rs', filter: computing, tailable: true, batchSize: 1, $db: 'local' }],
])('the cursor of %s outlives its first client and its first limit of time', async ([, opened]) => {
  const env = new ManualEnv()
  services = await openServices(env)
  const send = (document: Document, client = makeClient()) =>
    ask(dispatch, services, { ...document, $db: opened.$db ?? 'd' }, client)
  const prepare = (document: Document) => ask(dispatch, services, { ...document, $db: 'd' })
  await prepare({ create: 'v', viewOn: 'c' })
  await prepare({ create: 'log', capped: true, size: 1_000_000 })
  await prepare({ insert: 'c', documents: rows })
  await prepare({ insert: 'log', documents: rows })
  const connection = new AbortController()
  const { cursor } = await send({ ...opened, maxTimeMS: 1000 }, makeClient({ signal: connection.signal }))
  connection.abort()
  await env.advance(2000)
  const more = { getMore: cursor.id, collection: cursor.ns.slice(cursor.ns.indexOf('.') + 1) }
  // What a tail comes to now, it did not find with its first piece.
  await prepare({ insert: 'log', documents: rows.map(({ _id }) => ({ _id: _id + 500 })) })
  const { nextBatch } = (await send(more)).cursor ?? {}
  expect(nextBatch?.length).toBeGreaterThan(opened.$db === undefined ? 498 : 3)
})

test.for<[what: string, begun: Document]>([
  ['A cursor', { find: 'c', batchSize: 1 }],
  [
    'A transaction',
    { insert: 'c', documents: [{}], txnNumber: Long.fromNumber(1), startTransaction: true, autocommit: false },
  ],
])('%s that is opened while its session is ended goes when the session, begun anew, ends', async ([, begun]) => {
  const env = new ManualEnv()
  services = await openServices(env)
  const send = (document: Document) => ask(dispatch, services, { ...document, $db: 'd' })
  await send({ insert: 'c', documents: rows })
  const [reply] = await Promise.all([send({ ...begun, lsid: lsid(1) }), send({ endSessions: [lsid(1)] })])
  expect(reply.ok).toBe(1)
  expect(services.sessions.count).toBe(1)
  expect(services.cursors.count + services.transactions.openCount).toBe(1)
  await send({ endSessions: [lsid(1)] })
  expect(services.cursors.count + services.transactions.openCount + services.sessions.count).toBe(0)
})

test('a stream that repeats its replies keeps its session alive', async () => {
  const env = new ManualEnv()
  services = await openServices(env)
  const { cursor } = await ask(dispatch, services, { ...stream, lsid: lsid(1) })
  const more = { getMore: cursor.id, collection: 'c', $db: 'd', lsid: lsid(1), maxTimeMS: 60_000 }
  let outcome = dispatch(messageOf(more, { exhaustAllowed: true }), makeClient(), services)
  for (let minutes = 0; minutes < 2 * sessionIdleMinutesMax; minutes++) {
    await env.advance(60_000)
    const answer = await outcome
    if (answer === 'close-connection' || answer.next === undefined) throw new Error(`over after ${minutes} minutes`)
    outcome = answer.next()
  }
  services.cursors.closeAll()
  await outcome
})
