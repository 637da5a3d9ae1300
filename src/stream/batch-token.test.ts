/** The postBatchResumeToken of each reply, to the byte. */
import { deserialize, type Document, Timestamp } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { documentBytes } from '../bson/value.ts'
import { decodeResumeToken, encodeResumeToken } from '../oplog/resume-token.ts'
import { type Bench, openBench, Reader, valueOf } from './streams.suite.ts'

let bench: Bench

beforeEach(async () => {
  bench = await openBench()
})

afterEach(() => bench.close())

const insert = (coll: string, ...ids: number[]) =>
  bench.command({ insert: coll, $db: 'd', documents: ids.map(_id => ({ _id })) })

const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0')

/** `Timestamp | 2 | high-water mark | 0 | false | null`. */
const highWaterMark = (time: Timestamp) => ({
  _data: `82${hex(time.getHighBitsUnsigned(), 8)}${hex(time.getLowBitsUnsigned(), 8)}2B0429296E1404`,
})

const newest = async (): Promise<Timestamp> => (await bench.command({ ping: 1 })).operationTime

const open = async (stage: Document, { batchSize, coll = 'c' }: { batchSize?: number; coll?: string } = {}) => {
  const pipeline = [{ $changeStream: stage }]
  const cursor = batchSize === undefined ? {} : { batchSize }
  const reply = await bench.command({ aggregate: coll, $db: 'd', pipeline, cursor })
  return reply.cursor ?? reply
}

const more = async (id: bigint, { batchSize }: { batchSize?: number } = {}) => {
  const size = batchSize === undefined ? {} : { batchSize }
  const reply = await bench.command({ getMore: id, collection: 'c', $db: 'd', maxTimeMS: 0, ...size })
  return reply.cursor ?? reply
}

/** The token with another version. */
function versioned(token: Document, version: 0 | 1): Document {
  const parts = decodeResumeToken(valueOf(token))
  const { documentKey } = parts.eventIdentifier === undefined ? {} : deserialize(documentBytes(parts.eventIdentifier))
  const eventIdentifier = documentKey === undefined ? undefined : valueOf(documentKey)
  return deserialize(encodeResumeToken({ ...parts, version, eventIdentifier }))
}

test('a stream that was opened and not read has the token it starts with', async () => {
  const before = await newest()
  const next = new Timestamp({ t: before.getHighBitsUnsigned(), i: before.getLowBitsUnsigned() + 1 })
  expect((await open({}, { batchSize: 0 })).postBatchResumeToken).toEqual(highWaterMark(next))
  expect((await open({})).postBatchResumeToken).toEqual(highWaterMark(next))
  const startAtOperationTime = new Timestamp({ t: 1_600_000_000, i: 7 })
  expect((await open({ startAtOperationTime }, { batchSize: 0 })).postBatchResumeToken).toEqual(
    highWaterMark(startAtOperationTime),
  )
  const reader = new Reader(bench, { scope: 'd.c' })
  await insert('c', 1)
  const [{ _id }] = (await reader.drain()) as [Document]
  for (const token of [_id, versioned(_id, 1), highWaterMark(before)]) {
    for (const batchSize of [0, 101]) {
      const { postBatchResumeToken, firstBatch } = await open({ resumeAfter: token }, { batchSize })
      const expected = firstBatch.length === 0 ? token : _id
      expect(postBatchResumeToken).toEqual(expected)
    }
  }
})

test('a reply names the scope, and its fields come in the order of the server', async () => {
  const scopes = [
    [{ aggregate: 'c', $db: 'd' }, {}, 'd.c'],
    [{ aggregate: 1, $db: 'd' }, {}, 'd.$cmd.aggregate'],
    [{ aggregate: 1, $db: 'admin' }, { allChangesForCluster: true }, 'admin.$cmd.aggregate'],
  ] as const
  for (const [command, stage, ns] of scopes) {
    const reply = await bench.command({ ...command, pipeline: [{ $changeStream: stage }], cursor: {} })
    expect(Object.keys(reply)).toEqual(['cursor', 'ok', '$clusterTime', 'operationTime'])
    expect(Object.keys(reply.cursor)).toEqual(['firstBatch', 'postBatchResumeToken', 'id', 'ns'])
    expect(reply.cursor).toMatchObject({ ns, id: expect.any(BigInt) })
    const collection = ns.slice(ns.indexOf('.') + 1)
    const next = await bench.command({ getMore: reply.cursor.id, collection, $db: command.$db, maxTimeMS: 0 })
    expect(Object.keys(next.cursor)).toEqual(['nextBatch', 'postBatchResumeToken', 'id', 'ns'])
    expect(next.cursor).toMatchObject({ ns, id: reply.cursor.id })
  }
})

test('a first batch has 101 events unless it is to have another number, and the next all that are there', async () => {
  const startAtOperationTime = await newest()
  await insert('c', ...Array.from({ length: 150 }, (_, id) => id))
  for (const [batchSize, count] of [
    [undefined, 101],
    [0, 0],
    [1, 1],
    [120, 120],
    [1000, 150],
  ] as const) {
    const { firstBatch, id } = await open({ startAtOperationTime }, batchSize === undefined ? {} : { batchSize })
    expect(firstBatch).toHaveLength(count)
    expect((await more(id, { batchSize: 7 })).nextBatch).toHaveLength(Math.min(7, 150 - count))
    expect((await more(id, { batchSize: 0 })).nextBatch).toHaveLength(Math.max(0, 143 - count))
    expect((await more(id)).nextBatch).toHaveLength(0)
  }
})

test('a high-water mark has what happened at its time behind it', async () => {
  const { id } = await open({ fullDocument: 'default' }, { coll: 'c' })
  await insert('other', 1)
  // Nothing in c was at that time, so the token is that of the time and not of an event.
  const { postBatchResumeToken } = await more(id)
  expect(postBatchResumeToken).toEqual(highWaterMark(await newest()))
  const { firstBatch } = await open({ resumeAfter: postBatchResumeToken }, { coll: 'other' })
  expect(firstBatch).toMatchObject([{ documentKey: { _id: 1 } }])
})

test('a batch cut by its size has the token of its last event, however far the log was read', async () => {
  const { id } = await open({})
  await insert('c', 1, 2, 3)
  await insert('other', 1)
  const first = await more(id, { batchSize: 2 })
  expect(first.postBatchResumeToken).toEqual(first.nextBatch[1]._id)
  const second = await more(id, { batchSize: 1 })
  expect(second.postBatchResumeToken).toEqual(second.nextBatch[0]._id)
  const last = await more(id, { batchSize: 1 })
  expect([last.nextBatch, last.postBatchResumeToken]).toEqual([[], highWaterMark(await newest())])
})

test('a batch cut by its weight has the token of its last event', async () => {
  const { id } = await open({})
  for (const _id of [1, 2, 3]) {
    await bench.command({ insert: 'c', $db: 'd', documents: [{ _id, text: 'x'.repeat(7 * 1024 * 1024) }] })
  }
  await insert('other', 1)
  const first = await more(id)
  expect(first.nextBatch).toHaveLength(2)
  expect(first.postBatchResumeToken).toEqual(first.nextBatch[1]._id)
  const second = await more(id)
  expect(second.nextBatch).toHaveLength(1)
  expect(second.postBatchResumeToken).toEqual(highWaterMark(await newest()))
})

test('a batch that ends with the log has the time of the newest entry, if that is later than its last event', async () => {
  const { id } = await open({})
  await insert('c', 1)
  const same = await more(id)
  expect(same.postBatchResumeToken).toEqual(same.nextBatch[0]._id)
  expect((await more(id)).postBatchResumeToken).toEqual(same.nextBatch[0]._id)
  await insert('c', 2)
  await insert('other', 1)
  const later = await more(id)
  expect(later.nextBatch).toHaveLength(1)
  expect(later.postBatchResumeToken).toEqual(highWaterMark(await newest()))
  expect((await more(id)).postBatchResumeToken).toEqual(later.postBatchResumeToken)
})

test('an invalidated stream says so between its token and its id, which is 0', async () => {
  await insert('c', 1)
  const { id } = await open({})
  await bench.command({ drop: 'c', $db: 'd' })
  const cursor = await more(id)
  expect(Object.keys(cursor)).toEqual(['nextBatch', 'postBatchResumeToken', 'invalidated', 'id', 'ns'])
  expect(cursor).toMatchObject({ invalidated: true, id: 0n, ns: 'd.c' })
  const [drop, invalidate] = cursor.nextBatch
  expect(cursor.postBatchResumeToken).toEqual(invalidate._id)
  expect(invalidate._id._data).toBe(drop._id._data.replace('296E5A', '296F5A'))
  expect(invalidate.clusterTime).toEqual(drop.clusterTime)
  expect(Object.keys(invalidate)).toEqual(['_id', 'operationType', 'clusterTime', 'wallTime'])
  expect(await more(id)).toMatchObject({ codeName: 'CursorNotFound' })
})

test('tokens of old versions are good for resuming, and met again in their version', async () => {
  const reader = new Reader(bench, { scope: 'd.c' })
  await insert('c', 1)
  await insert('c', 2)
  await bench.command({ drop: 'c', $db: 'd' })
  const [first, second, drop, invalidate] = (await reader.drain()) as [Document, Document, Document, Document]
  for (const version of [0, 1] as const) {
    const { firstBatch } = await open({ resumeAfter: versioned(first._id, version) })
    expect(firstBatch).toEqual([second, drop, invalidate])
  }
  const old = versioned(invalidate._id, 1)
  const again = await open({ resumeAfter: versioned(drop._id, 1) })
  expect(again.firstBatch).toEqual([{ ...invalidate, _id: old }])
  expect(again.postBatchResumeToken).toEqual(old)
  expect(await open({ startAfter: old })).toMatchObject({ firstBatch: [] })
  expect(await open({ resumeAfter: old })).toMatchObject({ codeName: 'InvalidResumeToken' })
})

test('a token that names no event here is not found; one of the future is waited for', async () => {
  const reader = new Reader(bench, { scope: 'd.c' })
  await insert('c', 1)
  await insert('c', 2)
  const [{ _id }] = (await reader.drain()) as [Document]
  const parts = decodeResumeToken(valueOf(_id))
  const token = (more: Partial<typeof parts>): Document => deserialize(encodeResumeToken({ ...parts, ...more }))
  const strangers = [
    { txnOpIndex: 5 },
    { clusterTime: parts.clusterTime - 1n },
    { uuid: new Uint8Array(16) },
    { eventIdentifier: valueOf({ operationType: 'insert', documentKey: { _id: 2 } }) },
    { eventIdentifier: valueOf({ operationType: 'delete', documentKey: { _id: 1 } }) },
  ]
  for (const stranger of strangers) {
    expect(await open({ resumeAfter: token(stranger) })).toMatchObject({
      codeName: 'ChangeStreamFatalError',
      errorLabels: ['NonResumableChangeStreamError'],
    })
  }
  const future = token({ clusterTime: parts.clusterTime + (60n << 32n) })
  const { id, firstBatch, postBatchResumeToken } = await open({ resumeAfter: future })
  expect([firstBatch, postBatchResumeToken]).toEqual([[], future])
  await insert('c', 3)
  expect(await more(id)).toMatchObject({ nextBatch: [], postBatchResumeToken: future })
  await bench.env.advance(120_000)
  await insert('c', 4)
  expect(await more(id)).toMatchObject({ codeName: 'ChangeStreamFatalError' })
})

test('a token whose event is gone says so, in the command that looked for it', async () => {
  const reader = new Reader(bench, { scope: 'd.c' })
  await insert('c', 1)
  await insert('c', 2)
  const [{ _id: resumeAfter }] = (await reader.drain()) as [Document]
  reader.close()
  const { log } = bench.store.engine
  await log.truncateBefore(log.newest.time)
  const lost = (doing: string) => ({
    code: 286,
    errmsg: expect.stringMatching(new RegExp(`^${doing} :: caused by :: Resume of change stream .* History is gone: `)),
    errorLabels: ['NonResumableChangeStreamError'],
  })
  expect(await open({ resumeAfter })).toMatchObject(lost('PlanExecutor error during aggregation'))
  const { id } = await open({ resumeAfter }, { batchSize: 0 })
  expect(await more(id)).toMatchObject(lost('Executor error during getMore'))
  expect(await more(id)).toMatchObject({ code: 43 })
})

test('a future token is met when its event comes', async () => {
  const reader = new Reader(bench, { scope: 'd.c' })
  await insert('c', 1)
  const [{ _id }] = (await reader.drain()) as [Document]
  reader.close()
  const parts = decodeResumeToken(valueOf(_id))
  const at = 30n
  const future = deserialize(
    encodeResumeToken({
      ...parts,
      clusterTime: ((parts.clusterTime >> 32n) + at) * (1n << 32n) + 1n,
      txnOpIndex: 0,
      eventIdentifier: valueOf({ operationType: 'insert', documentKey: { _id: 2 } }),
    }),
  )
  const { id } = await open({ resumeAfter: future })
  const waiting = bench.command({ getMore: id, collection: 'c', $db: 'd', maxTimeMS: 60_000 })
  await bench.env.advance(Number(at) * 1000)
  await insert('c', 2)
  await insert('c', 3)
  const { cursor } = await waiting
  expect(cursor.nextBatch.map(({ documentKey }: Document) => documentKey._id)).toEqual([3])
})
