/** Following a capped collection, from its own side and from a cursor's. */
import { deserialize } from 'bson'
import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { Pace } from '../base/pace.ts'
import { CappedTail, type TailOptions } from './capped-tail.ts'
import { createCollection, dropCollection } from './ddl.ts'
import { insert, openStore, things } from './store.suite.ts'
import { withSnapshot, type Store } from './store.ts'

const env = new ManualEnv()
const waiting = { waitMs: 1000, signal: new AbortController().signal }

async function openCapped(documents: readonly { readonly _id: number }[], max = 100): Promise<Store> {
  const store = await openStore(env)
  await createCollection(store, things, { capped: true, size: 4096, max })
  await insert(store, documents)
  return store
}

async function tailOf(store: Store, options: Partial<TailOptions> = {}) {
  const info = await withSnapshot(store, snapshot => store.catalog.find(snapshot, things))
  if (info === undefined) throw new Error('no such collection')
  const all = { match: () => true, skip: 0, limit: Infinity, project: (document: Uint8Array) => document }
  const tail = new CappedTail(store, info, { ...all, pace: new Pace(env), ...options })
  const ids = async () => (await tail.read()).documents.map(document => deserialize(document)['_id'])
  return { tail, ids }
}

test('what was inserted since the last piece is the next', async () => {
  const store = await openCapped([{ _id: 2 }, { _id: 1 }])
  const { tail, ids } = await tailOf(store)
  expect(await ids()).toEqual([2, 1])
  expect(await tail.read()).toEqual({ documents: [], goesOn: false, isOver: false })
  await insert(store, [{ _id: 0 }])
  expect(await ids()).toEqual([0])
})

test('a wait ends with the insert, with a drop and with its time, and then nothing is listened for', async () => {
  const store = await openCapped([{ _id: 1 }])
  const { tail, ids } = await tailOf(store)
  await ids()
  await tail.read()
  const inserted = tail.awaitMore(waiting)
  await insert(store, [{ _id: 2 }])
  await inserted
  expect(await ids()).toEqual([2])
  await tail.read()
  const timed = tail.awaitMore(waiting)
  await env.advance(1000)
  await timed
  const dropped = tail.awaitMore(waiting)
  await dropCollection(store, things)
  await dropped
  await expect(tail.read()).rejects.toMatchObject({ codeName: 'QueryPlanKilled' })
  expect([store.cappedNews.count, env.timerCount]).toEqual([0, 0])
})

test('an insert that was committed before the wait began ends it', async () => {
  const store = await openCapped([{ _id: 1 }])
  const { tail, ids } = await tailOf(store)
  await ids()
  await tail.read()
  await insert(store, [{ _id: 2 }])
  await tail.awaitMore(waiting)
  expect(await ids()).toEqual([2])
})

test('writes elsewhere wake nobody', async () => {
  const store = await openCapped([{ _id: 1 }])
  const { tail, ids } = await tailOf(store)
  await ids()
  await tail.read()
  const stop = new AbortController()
  const wait = tail.awaitMore({ waitMs: 1000, signal: stop.signal })
  await insert(store, [{ _id: 1 }], { namespace: { db: 'shop', coll: 'others' } })
  await env.yieldTurn()
  expect(store.cappedNews.count).toBe(1)
  stop.abort()
  await wait
  expect(store.cappedNews.count).toBe(0)
})

test('a place that has fallen out is lost, whether or not documents are behind it', async () => {
  const store = await openCapped([{ _id: 1 }, { _id: 2 }], 2)
  const { tail, ids } = await tailOf(store)
  await ids()
  await insert(store, [{ _id: 3 }])
  expect(await ids()).toEqual([3])
  await insert(store, [{ _id: 4 }, { _id: 5 }])
  await expect(tail.read()).rejects.toMatchObject({ code: 136 })
})

test('an empty collection has no place to wait at; one whose documents do not match has', async () => {
  const empty = await tailOf(await openCapped([]))
  expect(await empty.tail.read()).toEqual({ documents: [], goesOn: false, isOver: true })
  const other = await tailOf(await openCapped([{ _id: 1 }]), { match: () => false })
  expect(await other.tail.read()).toEqual({ documents: [], goesOn: true, isOver: false })
  expect(await other.tail.read()).toEqual({ documents: [], goesOn: false, isOver: false })
})

test('skip and limit count over all pieces', async () => {
  const store = await openCapped([{ _id: 1 }, { _id: 2 }])
  const { tail, ids } = await tailOf(store, { skip: 1, limit: 2 })
  expect(await ids()).toEqual([2])
  await insert(store, [{ _id: 3 }, { _id: 4 }])
  const { documents, isOver } = await tail.read()
  expect([documents.length, isOver]).toEqual([1, true])
})
