/** What $currentOp, currentOp and serverStatus tell of cursors and streams, asked through dispatch. */
import { Binary, type Document, Long, Timestamp } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { ask, makeClient, openServices, type TestServices } from '../../test/services.ts'
import { isServed } from '../aggregate/stage-names.ts'
import { dispatch } from './dispatch.ts'
import * as sources from './sources/all.ts'

let env: ManualEnv
let services: TestServices
beforeEach(async () => {
  env = new ManualEnv()
  services = await openServices(env)
})
afterEach(() => services.close())

const shop = makeClient({ connectionId: 3, appName: 'shop' })
const lsid = { id: new Binary(Buffer.alloc(16, 5), 4) }
const reply = (document: Document, client = shop) => ask(dispatch, services, document, client)
const insert = (...ids: number[]) => reply({ insert: 'c', $db: 'd', documents: ids.map(_id => ({ _id })) })

const aggregate = async (pipeline: Document[], target: Document = {}): Promise<Document[]> => {
  const { cursor } = await reply({ aggregate: 1, pipeline, cursor: {}, $db: 'admin', ...target })
  return cursor.firstBatch
}

const watch = async (stage: Document = {}, ...stages: Document[]): Promise<bigint> => {
  const pipeline = [{ $changeStream: stage }, ...stages]
  const cursorOptions = { batchSize: 0 }
  const { cursor } = await reply({ aggregate: 'c', pipeline, cursor: cursorOptions, comment: 'orders', lsid, $db: 'd' })
  return cursor.id
}

const getMore = (id: bigint, more: Document = {}) =>
  reply({ getMore: Long.fromBigInt(id), collection: 'c', maxTimeMS: 0, lsid, $db: 'd', ...more })

/** Those of the streams that nobody asks at the moment. */
const idleStreams = async (): Promise<Document[]> =>
  await aggregate([
    { $currentOp: { idleCursors: true } },
    { $match: { type: 'idleCursor', 'cursor.changeStream': { $exists: true } } },
  ])

test('every source is known by its name where pipelines are checked', () => {
  for (const { name } of Object.values(sources)) expect(isServed(name)).toBe(true)
})

test('an idle stream is told of: who opened it and how, what it gave, and that nothing is behind it', async () => {
  await insert(1)
  const id = await watch()
  const [idle] = await idleStreams()
  expect(idle).toMatchObject({
    type: 'idleCursor',
    ns: 'd.c',
    appName: 'shop',
    connectionId: 3,
    lsid: { id: { sub_type: 4 } },
    cursor: {
      cursorId: id,
      createdDate: new Date(env.wallMs()),
      nDocsReturned: 0n,
      nBatchesReturned: 1n,
      noCursorTimeout: false,
      tailable: true,
      awaitData: true,
      originatingCommand: { aggregate: 'c', comment: 'orders' },
      changeStream: {
        scope: 'collection',
        behind: { entries: 0n, isExact: true, ms: 0n },
        backlog: { events: 0n, bytes: 0n },
        waiting: false,
      },
    },
  })
})

test('what a stream has not taken yet is counted, and by the age of the oldest, until it is taken', async () => {
  const id = await watch()
  await getMore(id)
  await insert(1, 2)
  await env.advance(3000)
  await insert(3)
  const [behind] = await idleStreams()
  expect(behind?.cursor.changeStream).toMatchObject({
    state: 'live',
    // The collection was created with the first insert.
    behind: { entries: 3n, isExact: true, ms: 3000n },
    backlog: { events: 3n },
  })
  const { backlog } = (await reply({ serverStatus: 1 })).changeStreams
  expect(backlog).toMatchObject({ events: 3n, bytes: behind?.cursor.changeStream.backlog.bytes, timesDropped: 0n })
  const time = ({ readTo }: Document): Timestamp => readTo
  expect(time(behind?.cursor.changeStream).lessThan(behind?.cursor.changeStream.newest)).toBe(true)
  await getMore(id, { batchSize: 1 })
  const [left] = await idleStreams()
  expect(left?.cursor).toMatchObject({
    nDocsReturned: 1n,
    nBatchesReturned: 3n,
    changeStream: { behind: { entries: 2n }, backlog: { events: 2n } },
  })
  await getMore(id)
  const [current] = await idleStreams()
  expect(current?.cursor).toMatchObject({
    nDocsReturned: 3n,
    changeStream: { behind: { entries: 0n, ms: 0n }, backlog: { events: 0n } },
  })
  expect(time(current?.cursor.changeStream)).toEqual(current?.cursor.changeStream.newest)
})

test('a stream that matches nothing is not behind, and one that resumes far back is', async () => {
  await insert(1)
  const early = await watch()
  const { cursor } = await getMore(early)
  await insert(2, 3, 4)
  await getMore(await watch({}, { $match: { 'fullDocument.never': 1 } }))
  const [, matchesNothing] = await idleStreams()
  expect(matchesNothing?.cursor.changeStream).toMatchObject({ behind: { entries: 0n, ms: 0n } })
  await watch({ resumeAfter: cursor.postBatchResumeToken })
  const [, , resumed] = await idleStreams()
  expect(resumed?.cursor.changeStream).toMatchObject({ backlog: { events: 0n }, behind: { entries: 3n } })
})

test('a stream that is waited on is told of by its getMore, in the command too', async () => {
  const id = await watch()
  const waiting = getMore(id, { maxTimeMS: 5000 })
  await env.yieldTurn()
  expect(await idleStreams()).toEqual([])
  const [active] = (await reply({ currentOp: 1, op: 'getmore' })).inprog
  expect(active).toMatchObject({
    type: 'op',
    active: true,
    ns: 'd.c',
    cursor: {
      cursorId: id,
      operationUsingCursorId: active.opid,
      originatingCommand: { aggregate: 'c' },
      changeStream: { state: 'live', waiting: true },
    },
  })
  expect((await reply({ serverStatus: 1 })).metrics.cursor.open).toMatchObject({ pinned: 1n, total: 1n })
  await insert(1)
  await waiting
  const all = (await reply({ currentOp: 1, $all: true, type: 'idleCursor' })).inprog
  expect(all).toMatchObject([{ cursor: { cursorId: id, nDocsReturned: 1n } }])
  expect((await reply({ currentOp: 1 })).inprog).toHaveLength(1)
})

test('a transaction in which nothing runs is told of, and no source runs in one', async () => {
  const own = { lsid, txnNumber: Long.fromNumber(3), autocommit: false, $db: 'd' }
  await reply({ insert: 'c', documents: [{ _id: 1 }], startTransaction: true, ...own })
  await env.advance(2000)
  const transaction = { parameters: { txnNumber: 3n, autocommit: false } }
  expect(await aggregate([{ $currentOp: {} }, { $match: { type: 'idleSession' } }])).toMatchObject([
    { active: false, lsid: { id: lsid.id }, transaction: { ...transaction, timeOpenMicros: 2_000_000n } },
  ])
  expect(await aggregate([{ $currentOp: { idleSessions: false } }, { $match: { type: 'idleSession' } }])).toEqual([])
  const inside = await reply({ aggregate: 'c', pipeline: [{ $collStats: {} }], cursor: {}, ...own })
  expect(inside).toMatchObject({ code: 263 })
})

test('connections that ask nothing are told of where they are asked for', async () => {
  const silent = makeClient({ connectionId: 8, appName: 'silent' })
  const given = { ...services, clients: new Set([shop, silent]) }
  const options = { cursor: {}, pipeline: [{ $currentOp: { idleConnections: true } }, { $match: { active: false } }] }
  const { cursor } = await ask(dispatch, given, { aggregate: 1, ...options }, shop)
  expect(cursor.firstBatch).toMatchObject([{ type: 'op', desc: 'conn8', appName: 'silent' }])
})

test('long commands are cut: what opened a cursor always, what runs where that is asked for', async () => {
  const $match = { text: 'x'.repeat(5000) }
  await watch({}, { $match })
  expect((await idleStreams())[0]?.cursor.originatingCommand.$truncated).toContain('aggregate: "c"')
  const own = (options: Document) => aggregate([{ $currentOp: options }, { $match: { $nor: [$match] } }])
  expect((await own({}))[0]?.command).toMatchObject({ aggregate: 1 })
  expect((await own({ truncateOps: true }))[0]?.command.$truncated).toContain('aggregate: 1')
})

test.for<[Document, Document, number]>([
  [{ $currentOp: { everything: true } }, {}, 9],
  [{ $currentOp: { idleCursors: 1 } }, {}, 9],
  [{ $currentOp: { allUsers: 1 } }, {}, 14],
  [{ $currentOp: 1 }, {}, 9],
  [{ $currentOp: { targetAllNodes: true } }, {}, 9],
  [{ $currentOp: {} }, { $db: 'd' }, 73],
  [{ $currentOp: {} }, { aggregate: 'c' }, 73],
  [{ $listLocalSessions: {} }, { aggregate: 'c' }, 73],
  [{ $listLocalSessions: { other: 1 } }, {}, 40415],
  [{ $listLocalSessions: { users: [{ user: 'a', db: 'b' }] } }, {}, 238],
  [{ $listLocalSessions: { allUsers: true, users: [{ user: 'a', db: 'b' }] } }, {}, 72],
  [{ $listSessions: {} }, {}, 73],
])('%o with %o is refused with %i', async ([stage, target, code]) => {
  expect(await reply({ aggregate: 1, pipeline: [stage], cursor: {}, ...target })).toMatchObject({ code })
})

test('a source stands first', async () => {
  const pipeline = [{ $match: {} }, { $currentOp: {} }]
  expect(await reply({ aggregate: 'c', pipeline, cursor: {} })).toMatchObject({ code: 40602 })
})

test('the sessions that are alive are listed, with the time of their last use', async () => {
  await reply({ ping: 1, lsid })
  const at = new Date(env.wallMs())
  await env.advance(1000)
  const session = { _id: { id: lsid.id, uid: expect.any(Binary) as unknown }, lastUse: at }
  expect(await aggregate([{ $listLocalSessions: {} }])).toMatchObject([session])
  const target = { aggregate: 'system.sessions', $db: 'config' }
  expect(await aggregate([{ $listSessions: { allUsers: true } }], target)).toMatchObject([session])
})

test('serverStatus counts streams, cursors, and events that are too large', async () => {
  await reply({ create: 'c', $db: 'd', changeStreamPreAndPostImages: { enabled: true } })
  const stage = { fullDocument: 'required', fullDocumentBeforeChange: 'required' }
  const [whole, split] = [await watch(stage), await watch(stage, { $changeStreamSplitLargeEvent: {} })]
  await getMore(whole)
  await getMore(split)
  await reply({ insert: 'c', $db: 'd', documents: [{ _id: 1, text: 'x'.repeat(9_000_000) }] })
  await getMore(whole)
  await getMore(split)
  await reply({ update: 'c', $db: 'd', updates: [{ q: {}, u: { $set: { n: 1 } } }] })
  await env.yieldTurn()
  const { metrics, changeStreams } = await reply({ serverStatus: 1 })
  expect(metrics).toMatchObject({
    changeStreams: { largeEventsSplit: 1n, largeEventsFailed: 1n },
    cursor: { totalOpened: 2n, moreThanOneBatch: 0n, timedOut: 0n, open: { total: 2n, pinned: 0n } },
  })
  expect(changeStreams).toMatchObject({ open: 2n, waiting: 0n, log: { newest: expect.any(Timestamp) as unknown } })
  expect(await getMore(whole)).toMatchObject({ code: 10334 })
  expect((await reply({ serverStatus: 1 })).metrics.cursor).toMatchObject({ moreThanOneBatch: 1n, open: { total: 1n } })
})
