/** Which version the tokens of a stream have: the one it was asked for, the newer of it and the client's token, and what goes with it. */
import { Binary, deserialize, type Document } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { documentBytes } from '../bson/value.ts'
import { decodeResumeToken, encodeResumeToken, type TokenParts } from '../oplog/resume-token.ts'
import { type Bench, openBench, valueOf } from './streams.suite.ts'

let bench: Bench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(() => bench.close())

interface StreamOptions {
  readonly coll?: string | 1
  readonly v2?: boolean | undefined
  readonly stages?: readonly Document[]
  readonly batchSize?: number
}

const watch = async (
  stage: Document,
  { coll = 'c', v2, stages = [], batchSize }: StreamOptions = {},
): Promise<Document> => {
  const reply = await bench.command({
    aggregate: coll,
    $db: 'd',
    pipeline: [{ $changeStream: stage }, ...stages],
    cursor: batchSize === undefined ? {} : { batchSize },
    ...(v2 === undefined ? {} : { $_generateV2ResumeTokens: v2 }),
  })
  return reply.cursor ?? reply
}

const more = async ({ id, ns }: Document): Promise<Document> => {
  const collection = ns.slice(2)
  const reply = await bench.command({ getMore: id, collection, $db: 'd', maxTimeMS: 0 })
  return reply.cursor ?? reply
}

const run = (command: Document) => bench.command({ ...command, $db: command.$db ?? 'd' })
const insert = (coll: string, _id: unknown) => run({ insert: coll, documents: [{ _id }] })
const partsOf = (token: Document): TokenParts => decodeResumeToken(valueOf(token))
const versionsOf = (events: readonly Document[]) => events.map(({ _id }) => partsOf(_id).version)
const identifierOf = ({ _id }: Document) => {
  const { eventIdentifier } = partsOf(_id)
  return eventIdentifier && deserialize(documentBytes(eventIdentifier))
}
/** The token as a server of that version would have made it. */
function aged(token: Document, version: 0 | 1): Document {
  const parts = partsOf(token)
  const { documentKey } = parts.eventIdentifier === undefined ? {} : deserialize(documentBytes(parts.eventIdentifier))
  const eventIdentifier = documentKey === undefined ? undefined : valueOf(documentKey)
  return deserialize(encodeResumeToken({ ...parts, version, eventIdentifier }))
}

test('tokens are of version 2 unless version 1 is asked for, and all of one stream are of one version', async () => {
  for (const [v2, version] of [
    [undefined, 2],
    [true, 2],
    [false, 1],
  ] as const) {
    const cursor = await watch({}, { coll: 1, v2 })
    expect(partsOf(cursor.postBatchResumeToken)).toMatchObject({ version, tokenType: 'high-water-mark' })
    await insert('c', version)
    await run({ drop: 'c' })
    await run({ ping: 1 })
    const { nextBatch, postBatchResumeToken } = await more(cursor)
    expect(versionsOf(nextBatch)).toEqual([version, version])
    expect(postBatchResumeToken).toEqual(nextBatch[1]._id)
    await insert('other', 1)
    await run({ drop: 'other' })
    const filtered = await watch({ resumeAfter: postBatchResumeToken }, { coll: 'nothing', v2 })
    // Another scope does not see that event.
    expect(filtered).toMatchObject({ code: 280 })
  }
})

test('a high-water mark is of the version of the stream', async () => {
  for (const [v2, end] of [
    [undefined, '2B0429296E1404'],
    [false, '2B0229296E04'],
  ] as const) {
    const { operationTime } = await run({ ping: 1 })
    const cursor = await watch({}, { v2 })
    await insert('elsewhere', 1)
    await run({ drop: 'elsewhere' })
    expect((await more(cursor)).postBatchResumeToken._data).toMatch(new RegExp(`^82.{16}${end}$`))
    const past = await watch({ startAtOperationTime: operationTime }, { v2, batchSize: 0 })
    expect(past.postBatchResumeToken._data).toMatch(new RegExp(`^82.{16}${end}$`))
  }
})

test('a token of version 1 names a document by its key alone, classic events not at all, expanded ones as version 2', async () => {
  const cursor = await watch({ showExpandedEvents: true }, { coll: 1, v2: false })
  await insert('c', 1)
  await run({ update: 'c', updates: [{ q: { _id: 1 }, u: { $set: { x: 1 } } }] })
  await run({ delete: 'c', deletes: [{ q: { _id: 1 }, limit: 1 }] })
  await run({ renameCollection: 'd.c', to: 'd.t', $db: 'admin' })
  await run({ dropDatabase: 1 })
  const { nextBatch } = await more(cursor)
  expect(nextBatch.map((event: Document) => [event.operationType, identifierOf(event)])).toEqual([
    ['create', { operationType: 'create', operationDescription: nextBatch[0].operationDescription }],
    ['insert', { _id: 1 }],
    ['update', { _id: 1 }],
    ['delete', { _id: 1 }],
    ['rename', undefined],
    ['drop', undefined],
    ['dropDatabase', undefined],
    ['invalidate', undefined],
  ])
  expect(versionsOf(nextBatch)).toEqual(nextBatch.map(() => 1))
  // Every one of them is good for resuming, in either version of a stream.
  const types = nextBatch.map(({ operationType }: Document) => operationType)
  for (const [index, { _id }] of nextBatch.slice(0, -1).entries()) {
    for (const v2 of [true, false]) {
      const { firstBatch } = await watch({ resumeAfter: _id, showExpandedEvents: true }, { coll: 1, v2 })
      expect(firstBatch.map(({ operationType }: Document) => operationType)).toEqual(types.slice(index + 1))
    }
  }
})

test('the type of a number in a key stands in the type bits of a token of version 1 too', async () => {
  const cursor = await watch({}, { v2: false })
  await run({ insert: 'c', documents: [{ _id: 1.5 }] })
  const { nextBatch } = await more(cursor)
  expect(nextBatch[0]._id._typeBits).toEqual(new Binary(Buffer.of(0x40)))
  expect(identifierOf(nextBatch[0])).toEqual({ _id: 1.5 })
})

test('behind an old token come tokens of the newer version, its own event’s invalidate excepted', async () => {
  const cursor = await watch({})
  await run({ insert: 'c', documents: [{ _id: 1 }, { _id: 2 }, { _id: 3 }] })
  await run({ drop: 'c' })
  const { nextBatch: events } = await more(cursor)
  const [first, , , drop, invalidate] = events
  for (const version of [0, 1] as const) {
    // Documents of one commit share the time: the others are behind the token's txnOpIndex.
    const { firstBatch, postBatchResumeToken } = await watch(
      { resumeAfter: aged(first._id, version) },
      { batchSize: 2 },
    )
    expect(firstBatch).toEqual(events.slice(1, 3))
    expect(postBatchResumeToken).toEqual(firstBatch[1]._id)
  }
  const ended = await watch({ resumeAfter: aged(drop._id, 1) })
  expect(versionsOf(ended.firstBatch)).toEqual([1])
  expect(partsOf(ended.postBatchResumeToken)).toMatchObject({ version: 1, fromInvalidate: true })
  // A token of version 0 could not say that it is of an invalidate: resumed after it, the stream would end for ever.
  const oldest = await watch({ resumeAfter: aged(drop._id, 0) })
  expect(oldest.firstBatch).toEqual([invalidate])
})

test('a stream that asks for version 1 and brings a token of version 2 gets version 2', async () => {
  const cursor = await watch({})
  await insert('c', 1)
  await insert('c', 2)
  const { nextBatch: events } = await more(cursor)
  expect((await watch({ resumeAfter: events[0]._id }, { v2: false })).firstBatch).toEqual([events[1]])
})

test('fragments are of version 2, whatever was asked for', async () => {
  const cursor = await watch({}, { v2: false, stages: [{ $changeStreamSplitLargeEvent: {} }] })
  await insert('c', 1)
  expect(versionsOf((await more(cursor)).nextBatch)).toEqual([2])
})

test('the version is a boolean', async () => {
  const reply = await bench.command({
    aggregate: 'c',
    $db: 'd',
    pipeline: [{ $changeStream: {} }],
    cursor: {},
    $_generateV2ResumeTokens: 1,
  })
  expect(reply).toMatchObject({ code: 14 })
})

test('streams with equal stages and tokens of different versions do not share their events', async () => {
  const [old, young] = [await watch({}, { v2: false }), await watch({})]
  for (const cursor of [old, young]) await more(cursor)
  await insert('c', 1)
  expect(versionsOf((await more(old)).nextBatch)).toEqual([1])
  expect(versionsOf((await more(young)).nextBatch)).toEqual([2])
})
