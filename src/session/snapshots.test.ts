import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { snapshotHistorySecondsMax } from '../base/limits.ts'
import { countDocuments, everything } from '../collection/read.ts'
import { Pace } from '../base/pace.ts'
import { insert, things } from '../collection/store.suite.ts'
import { makeStore, type Store } from '../collection/store.ts'
import { openMemory } from '../storage/engines/memory.ts'
import { Snapshots } from './snapshots.ts'

let env: ManualEnv
let store: Store
let snapshots: Snapshots

beforeEach(async () => {
  env = new ManualEnv()
  // Every second time is left out, so that there are times between commits.
  const engine = await openMemory({ nextTime: previous => previous + 2n, newDeploymentId: () => new Uint8Array(16) })
  store = makeStore(env, engine)
  snapshots = new Snapshots(store, { countMax: 3 })
})
afterEach(async () => {
  snapshots.close()
  expect(env.timerCount).toBe(0)
  await store.engine.close()
})

const count = (seen: Store) => countDocuments(seen, things, everything, { pace: new Pace(env), countMax: Infinity })
const at = async (time?: bigint) => count((await snapshots.read(time)).store)
const write = (id: number) => insert(store, [{ _id: id }])
const tooOld = expect.objectContaining({ codeName: 'SnapshotTooOld' })

test('a state that was read can be read again, whatever is written', async () => {
  await write(1)
  const { time, store: seen } = await snapshots.read(undefined)
  await write(2)
  expect([await count(seen), await at(time), await at(), time]).toEqual([1, 1, 2, 2n])
})

test('any time up to the next commit means that state; what nobody has read is not there', async () => {
  await write(1)
  await snapshots.read(undefined)
  await write(2)
  await write(3)
  expect([await at(3n), await at(6n), await at(7n)]).toEqual([1, 3, 3])
  for (const time of [1n, 4n, 5n]) await expect(snapshots.read(time)).rejects.toEqual(tooOld)
})

test('it is held for its time, and a read that goes on then is told', async () => {
  await write(1)
  const { time, store: seen } = await snapshots.read(undefined)
  await write(2)
  await env.advance(snapshotHistorySecondsMax * 1000 - 1)
  expect([await at(time), snapshots.count]).toEqual([1, 1])
  await env.advance(1)
  expect(snapshots.count).toBe(0)
  await expect(count(seen)).rejects.toEqual(tooOld)
  await expect(snapshots.read(time)).rejects.toEqual(tooOld)
})

test('the newest state is held anew by each who reads it', async () => {
  await write(1)
  const { store: seen } = await snapshots.read(undefined)
  await env.advance(snapshotHistorySecondsMax * 500)
  await snapshots.read(undefined)
  await env.advance(snapshotHistorySecondsMax * 500)
  expect([await count(seen), snapshots.count]).toEqual([1, 1])
})

test('the oldest goes when there are too many', async () => {
  const seen: Store[] = []
  for (let id = 1; id <= 4; id++) {
    await write(id)
    seen.push((await snapshots.read(undefined)).store)
  }
  await expect(count(seen[0] as Store)).rejects.toEqual(tooOld)
  expect([await count(seen[1] as Store), snapshots.count]).toEqual([2, 3])
})

test('whoever has a hold of his own keeps it', async () => {
  await write(1)
  const { time } = await snapshots.read(undefined)
  const held = await snapshots.holdAt(time)
  await write(2)
  await env.advance(snapshotHistorySecondsMax * 1000)
  const reader = held.share()
  expect(await store.catalog.find(reader, things)).toBeDefined()
  reader.close()
  held.end(() => new Error('over'))
})

test('where the log was cut meanwhile, nobody says that nothing came in between', async () => {
  await write(1)
  await snapshots.read(undefined)
  await write(2)
  await write(3)
  await store.engine.log.truncateBefore(store.engine.log.newest.time)
  await expect(snapshots.read(5n)).rejects.toEqual(tooOld)
  expect(await at(2n)).toBe(1)
})
