/** local.oplog.rs as commands show it: the format of its documents, tailing, and what may not be done to it. */
import { type Document, Timestamp } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { ask, openServices, type TestServices } from '../../test/services.ts'
import { dispatch } from './dispatch.ts'

let env: ManualEnv
let services: TestServices
beforeEach(async () => {
  env = new ManualEnv()
  services = await openServices(env)
})
afterEach(() => services.close())

const reply = (document: Document) => ask(dispatch, services, document)
const find = (more: Document = {}) => reply({ find: 'oplog.rs', $db: 'local', ...more })
const found = async (more: Document = {}): Promise<Document[]> => (await find(more))['cursor']['firstBatch']
const newest = async (): Promise<Document> => (await found({ sort: { $natural: -1 }, limit: 1 }))[0] ?? {}
const insert = (...documents: readonly Document[]) => reply({ insert: 'things', documents, $db: 'shop' })
const namesOf = (document: Document) => Object.keys(document).join(' ')

test('the first document says that the log is whole', async () => {
  const [first] = await found()
  expect(namesOf(first ?? {})).toBe('op ns o ts t v wall')
  expect(first).toMatchObject({ op: 'n', ns: '', o: { msg: 'initiating set' }, t: 1n, v: 2n, wall: expect.any(Date) })
  expect(first?.['ts']).toBeInstanceOf(Timestamp)
})

test('one write is one document, as MongoDB has it', async () => {
  await reply({ create: 'things', $db: 'shop' })
  expect(await newest()).toMatchObject({
    op: 'c',
    ns: 'shop.$cmd',
    o: { create: 'things', idIndex: { v: 2, key: { _id: 1 }, name: '_id_' } },
  })
  expect(namesOf(await newest())).toBe('op ns ui o ts t v wall')
  await insert({ _id: 1, n: 1, tags: ['a'] })
  expect(await newest()).toMatchObject({ op: 'i', ns: 'shop.things', o: { _id: 1, n: 1 }, o2: { _id: 1 } })
  expect(namesOf(await newest())).toBe('op ns ui o o2 ts t v wall')
  const q = { _id: 1 }
  await reply({ update: 'things', updates: [{ q, u: { $inc: { n: 1 }, $push: { tags: 'b' } } }], $db: 'shop' })
  const diff = { u: { n: 2 }, stags: { a: true, u1: 'b' } }
  expect(await newest()).toMatchObject({ op: 'u', o: { $v: 2, diff }, o2: { _id: 1 } })
  await reply({ update: 'things', updates: [{ q, u: { m: 1 } }], $db: 'shop' })
  expect(await newest()).toMatchObject({ op: 'u', o: { _id: 1, m: 1 }, o2: { _id: 1 } })
  await reply({ delete: 'things', deletes: [{ q, limit: 1 }], $db: 'shop' })
  expect(await newest()).toMatchObject({ op: 'd', o: { _id: 1 } })
  expect(namesOf(await newest())).toBe('op ns ui o ts t v wall')
})

test('what was committed together is one applyOps, with a ts of its own', async () => {
  await reply({ create: 'things', $db: 'shop', changeStreamPreAndPostImages: { enabled: true } })
  await insert({ _id: 1 }, { _id: 2 })
  const inserted = await newest()
  expect(namesOf(inserted)).toBe('op ns o ts t v wall')
  expect(inserted).toMatchObject({ op: 'c', ns: 'admin.$cmd' })
  const operations: Document[] = inserted['o']['applyOps']
  expect(operations.map(namesOf)).toEqual(['op ns ui o o2', 'op ns ui o o2'])
  expect(operations.map(({ o }) => o)).toEqual([{ _id: 1 }, { _id: 2 }])
  await reply({ delete: 'things', deletes: [{ q: {}, limit: 0 }], $db: 'shop' })
  // The pre-images, which lie in the log here, are not shown.
  expect((await newest())['o']['applyOps'].map(namesOf)).toEqual(['op ns ui o', 'op ns ui o'])
  const times = (await found()).map(({ ts }) => BigInt(String(ts)))
  expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? time))).toBe(true)
})

test('a retryable write carries its session, number and statements', async () => {
  await reply({ create: 'things', $db: 'shop' })
  const { id } = await reply({ startSession: 1 })
  const write = { lsid: { id: id.id }, txnNumber: 5n, $db: 'shop' }
  await reply({ insert: 'things', documents: [{ _id: 1 }], ...write })
  expect(namesOf(await newest())).toBe('lsid txnNumber op ns ui o o2 stmtId ts t v wall')
  expect(await newest()).toMatchObject({ lsid: { id: id.id }, txnNumber: 5n, stmtId: 0 })
  const uid = Buffer.from((await newest())['lsid'].uid.buffer).toString('base64')
  expect(uid).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')
  await reply({ insert: 'things', documents: [{ _id: 2 }, { _id: 3 }], ...write, txnNumber: 6n })
  expect(namesOf(await newest())).toBe('lsid txnNumber op ns o ts t v wall multiOpType')
  const operations: Document[] = (await newest())['o']['applyOps']
  expect(operations.map(({ stmtId }) => stmtId)).toEqual([0, 1])
})

test('a transaction is one applyOps, also of one write, with nothing of it before', async () => {
  await reply({ create: 'things', $db: 'shop', changeStreamPreAndPostImages: { enabled: true } })
  const { id } = await reply({ startSession: 1 })
  const statement = { lsid: { id: id.id }, txnNumber: 7n, autocommit: false }
  const begin = { startTransaction: true, $db: 'shop' }
  await reply({ insert: 'things', documents: [{ _id: 1 }], ...statement, ...begin })
  await reply({ commitTransaction: 1, ...statement })
  expect(namesOf(await newest())).toBe('lsid txnNumber op ns o ts t v wall prevOpTime')
  const prevOpTime = { ts: new Timestamp(0n), t: -1n }
  expect(await newest()).toMatchObject({ txnNumber: 7n, ns: 'admin.$cmd', prevOpTime })
  expect((await newest())['o']['applyOps'].map(namesOf)).toEqual(['op ns ui o o2'])
  const q = { _id: 1 }
  const updates = [{ q, u: { $set: { n: 1 } } }]
  await reply({ update: 'things', updates, ...statement, txnNumber: 8n, ...begin })
  await reply({ delete: 'things', deletes: [{ q, limit: 1 }], ...statement, txnNumber: 8n, $db: 'shop' })
  await reply({ commitTransaction: 1, ...statement, txnNumber: 8n })
  const { o, ts } = await newest()
  expect(o['applyOps'].map(({ op }: Document) => op)).toEqual(['u', 'd'])
  const images = await reply({ find: 'system.preimages', projection: { operationTime: 0 }, $db: 'config' })
  expect(images['cursor'].firstBatch).toMatchObject([
    { _id: { ts, applyOpsIndex: 0n }, preImage: { _id: 1 } },
    { _id: { ts, applyOpsIndex: 1n }, preImage: { _id: 1, n: 1 } },
  ])
})

test('it is read by filter, projection, skip and limit, in both directions, and by pipelines and counts', async () => {
  for (let _id = 1; _id <= 4; _id++) await insert({ _id })
  const inserts = { op: 'i' }
  const ids = (documents: readonly Document[]) => documents.map(({ o }) => o['_id'])
  expect(ids(await found({ filter: inserts }))).toEqual([2, 3, 4])
  expect(ids(await found({ filter: inserts, sort: { $natural: -1 }, skip: 1, limit: 1 }))).toEqual([3])
  const { ts } = await newest()
  expect(ids(await found({ filter: { ts } }))).toEqual([4])
  expect(ids(await found({ filter: { ts: { $lt: ts }, op: 'i' }, sort: { $natural: -1 } }))).toEqual([3, 2])
  expect(ids(await found({ filter: inserts, hint: { $natural: -1 }, limit: 1 }))).toEqual([4])
  expect(await found({ filter: { ts }, projection: { op: 1 } })).toEqual([{ op: 'i' }])
  expect(await found({ filter: { _id: 1 } })).toEqual([])
  const pipeline = [{ $match: { op: 'i' } }, { $count: 'n' }]
  const counted = await reply({ aggregate: 'oplog.rs', pipeline, cursor: {}, $db: 'local' })
  expect(counted).toMatchObject({ cursor: { firstBatch: [{ n: 3 }] } })
  expect(await reply({ count: 'oplog.rs', $db: 'local' })).toMatchObject({ n: 5 })
  expect(await reply({ distinct: 'oplog.rs', key: 'op', $db: 'local' })).toMatchObject({ values: ['n', 'c', 'i'] })
})

test('a tailing getMore waits, and is answered by the commit that matches', async () => {
  await reply({ create: 'things', $db: 'shop' })
  const filter = { ts: { $gt: (await newest())['ts'] }, 'o._id': { $gte: 5 } }
  const { cursor } = await find({ filter, tailable: true, awaitData: true, projection: { o: 1 } })
  expect(cursor).toMatchObject({ firstBatch: [], ns: 'local.oplog.rs' })
  expect(cursor.id).not.toBe(0n)
  const getMore = (maxTimeMS: number) => reply({ getMore: cursor.id, collection: 'oplog.rs', maxTimeMS, $db: 'local' })
  const waiting = getMore(10_000)
  await env.advance(5000)
  await insert({ _id: 1 })
  await insert({ _id: 5 })
  // No time has passed since: nobody looked again of himself.
  expect(await waiting).toMatchObject({ cursor: { nextBatch: [{ o: { _id: 5 } }], id: cursor.id } })
  const inVain = getMore(300)
  await env.advance(300)
  expect(await inVain).toMatchObject({ cursor: { nextBatch: [], id: cursor.id } })
})

test('a tailing cursor without awaitData answers at once, and is killed like others', async () => {
  const { cursor } = await find({ tailable: true })
  const getMore = { getMore: cursor.id, collection: 'oplog.rs', $db: 'local' }
  expect(await reply(getMore)).toMatchObject({ cursor: { nextBatch: [], id: cursor.id } })
  expect(await reply({ ...getMore, maxTimeMS: 5 })).toMatchObject({ code: 2 })
  await reply({ killCursors: 'oplog.rs', cursors: [cursor.id], $db: 'local' })
  expect(await reply(getMore)).toMatchObject({ code: 43 })
})

test('a tailing cursor whose position is cut away is told so', async () => {
  const { cursor } = await find({ tailable: true, awaitData: true })
  for (let _id = 1; _id <= 3; _id++) await insert({ _id })
  const { log } = services.store.engine
  await log.truncateBefore(log.newest.time)
  const getMore = { getMore: cursor.id, collection: 'oplog.rs', $db: 'local' }
  expect(await reply(getMore)).toMatchObject({ code: 136, codeName: 'CappedPositionLost' })
  expect(await reply(getMore)).toMatchObject({ code: 43 })
})

test.each<[what: Document, refusal: Document]>([
  [{ awaitData: true }, { code: 9 }],
  [{ tailable: true, sort: { $natural: -1 } }, { code: 2 }],
  [{ tailable: true, sort: { ts: 1 } }, { code: 2 }],
  [{ tailable: true, singleBatch: true }, { code: 2 }],
  [{ tailable: true, limit: -1 }, { code: 2 }],
])('find refuses %j', async (what, refusal) => {
  expect(await find(what)).toMatchObject(refusal)
})

test('a collection that is not capped is not tailed', async () => {
  await insert({ _id: 1 })
  const answer = await reply({ find: 'things', tailable: true, $db: 'shop' })
  expect(answer).toMatchObject({ code: 2, errmsg: expect.stringContaining('non capped') })
})

const oplogError = { ok: 0, code: 73 }
test.each<[command: Document, refusal: Document]>([
  [{ insert: 'oplog.rs', documents: [{ _id: 1 }], $db: 'local' }, oplogError],
  [{ update: 'oplog.rs', updates: [{ q: {}, u: { $set: { a: 1 } } }], $db: 'local' }, { writeErrors: [{ code: 73 }] }],
  [{ delete: 'oplog.rs', deletes: [{ q: {}, limit: 1 }], $db: 'local' }, oplogError],
  [{ findAndModify: 'oplog.rs', query: {}, remove: true, $db: 'local' }, oplogError],
  [{ create: 'oplog.rs', $db: 'local' }, oplogError],
  [{ createIndexes: 'oplog.rs', indexes: [{ key: { ts: 1 }, name: 'ts' }], $db: 'local' }, oplogError],
  [{ drop: 'oplog.rs', $db: 'local' }, { code: 5255000 }],
  [{ dropDatabase: 1, $db: 'local' }, { code: 20 }],
  [{ renameCollection: 'shop.things', to: 'local.oplog.rs' }, oplogError],
  [{ renameCollection: 'local.oplog.rs', to: 'shop.things' }, oplogError],
])('%j is refused', async (command, refusal) => {
  expect(await reply(command)).toMatchObject(refusal)
})

test('it is listed as a capped collection without an index', async () => {
  const listed = await reply({ listCollections: 1, $db: 'local' })
  expect(listed).toMatchObject({
    cursor: {
      firstBatch: [
        {
          name: 'oplog.rs',
          type: 'collection',
          options: { capped: true, size: 990 * 1024 * 1024, autoIndexId: false },
          info: { readOnly: false },
        },
      ],
    },
  })
  expect(listed['cursor']['firstBatch'][0]).not.toHaveProperty('idIndex')
  expect(await reply({ listIndexes: 'oplog.rs', $db: 'local' })).toMatchObject({ cursor: { firstBatch: [], id: 0n } })
  const { databases } = await reply({ listDatabases: 1 })
  expect(databases).toContainEqual(expect.objectContaining({ name: 'local', empty: false }))
})
