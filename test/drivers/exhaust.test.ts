/** A change stream that is asked once and answers again and again: getMore with exhaustAllowed. No driver does so for streams yet. */
import { type Document, Long, serialize } from 'bson'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, open } from '../../src/index.ts'
import { bodySection, msgOf } from '../../src/wire/request.suite.ts'
import { Peer, type PeerReply } from '../enemy/peer.ts'
import { ask } from '../enemy/victim.ts'

const exhaustAllowed = 1 << 16
const moreToCome = 2

let database: Database
let writer: Peer
beforeAll(async () => {
  database = await open()
  writer = await connect()
})
afterAll(() => database.close())

const connect = (): Promise<Peer> => Peer.to({ path: decodeURIComponent(new URL(database.uri).host) })

async function watch(reader: Peer, coll: string): Promise<Long> {
  const { cursor } = await ask(reader, { aggregate: coll, pipeline: [{ $changeStream: {} }], cursor: {} })
  return Long.fromValue(cursor.id)
}

const insert = (coll: string, _id: number): Promise<Document> => ask(writer, { insert: coll, documents: [{ _id }] })

function askOnce(reader: Peer, command: Document): void {
  reader.send(msgOf([bodySection(serialize({ ...command, $db: 'test' }))], { flags: exhaustAllowed }))
}

async function next(reader: Peer): Promise<PeerReply> {
  const reply = await reader.next()
  if (reply === 'closed') throw new Error('the connection was closed')
  return reply
}

/** The ids of the documents in a reply that another one follows. */
function idsOf({ flags, document }: PeerReply): number[] {
  expect(flags & moreToCome).toBe(moreToCome)
  return document.cursor.nextBatch.map(({ documentKey }: Document) => documentKey._id)
}

test('each event comes when it happens, unasked, empty batches when none does, and the invalidate is the last', async () => {
  const reader = await connect()
  const getMore = await watch(reader, 'c')
  askOnce(reader, { getMore, collection: 'c', maxTimeMS: 60_000 })
  for (const _id of [1, 2, 3]) {
    await insert('c', _id)
    expect(idsOf(await next(reader))).toEqual([_id])
  }
  await ask(writer, { drop: 'c' })
  const last = await next(reader)
  expect(last.flags & moreToCome).toBe(0)
  expect(last.document.cursor).toMatchObject({ invalidated: true, nextBatch: [{ operationType: 'drop' }, {}] })
  expect(Number(last.document.cursor.id)).toBe(0)
  // The connection takes requests again.
  expect(await ask(reader, { ping: 1 })).toMatchObject({ ok: 1 })
})

test('every wait that nothing comes in is told, and batches keep their size', async () => {
  const reader = await connect()
  const getMore = await watch(reader, 'd')
  askOnce(reader, { getMore, collection: 'd', maxTimeMS: 5, batchSize: 1 })
  for (let count = 0; count < 3; count++) expect(idsOf(await next(reader))).toEqual([])
  await ask(writer, { insert: 'd', documents: [{ _id: 1 }, { _id: 2 }] })
  const ids: number[] = []
  while (ids.length < 2) {
    const batch = idsOf(await next(reader))
    expect(batch.length).toBeLessThan(2)
    ids.push(...batch)
  }
  expect(ids).toEqual([1, 2])
  reader.socket.destroy()
})

test('an error is the last reply', async () => {
  const reader = await connect()
  const getMore = await watch(reader, 'e')
  askOnce(reader, { getMore, collection: 'e', maxTimeMS: 60_000 })
  await insert('e', 1)
  expect(idsOf(await next(reader))).toEqual([1])
  expect(await ask(writer, { killCursors: 'e', cursors: [getMore] })).toMatchObject({ ok: 1 })
  const last = await next(reader)
  expect(last).toMatchObject({ flags: 0, document: { codeName: 'CursorKilled' } })
  expect(await ask(reader, { ping: 1 })).toMatchObject({ ok: 1 })
})

test('without the flag one request has one reply', async () => {
  const reader = await connect()
  const getMore = await watch(reader, 'f')
  await insert('f', 1)
  const { cursor } = await ask(reader, { getMore, collection: 'f', maxTimeMS: 5 })
  expect(cursor.nextBatch).toHaveLength(1)
  expect(await ask(reader, { ping: 1 })).toMatchObject({ ok: 1 })
})
