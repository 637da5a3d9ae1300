import { Timestamp } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { idleEntryMs } from '../base/limits.ts'
import { type Bench, HeldReads, openBench, Reader } from './streams.suite.ts'

let held: HeldReads
let bench: Bench

beforeEach(async () => {
  held = new HeldReads()
  bench = await openBench(held)
  await settle() // The jobs beside the work set their timer.
})

afterEach(() => bench.close())

const insert = (_id: number, coll = 'c') => bench.command({ insert: coll, $db: 'd', documents: [{ _id }] })
const update = (_id: number, x: number) =>
  bench.command({ update: 'c', $db: 'd', updates: [{ q: { _id }, u: { $set: { x } } }] })

/** Lets everything happen that needs no time. */
const settle = async () => {
  for (let turn = 0; turn < 4; turn++) await bench.env.yieldTurn()
}

const idsOf = ({ events }: Reader) => events.map(({ documentKey }) => documentKey._id as number)

test('a stream that comes in the middle of a change reads it itself', async () => {
  await insert(1)
  const first = new Reader(bench, { scope: 'd.c', stage: { fullDocument: 'updateLookup' } })
  await first.next()
  const second = new Reader(bench, { scope: 'd.c' })
  const answerSecond = held.hold('readAfter')
  const batch = second.next()
  await settle()
  // Its read found nothing, and now there is something, which the first stream is waiting to look up.
  const lookUp = held.hold('snapshot')
  await update(1, 1)
  await settle()
  answerSecond()
  await batch
  lookUp()
  await settle()
  expect(idsOf(second)).toEqual([1])
  await first.next()
  expect(idsOf(first)).toEqual([1])
})

test('when the last stream leaves while the hub reads, the next one begins at its own place', async () => {
  const first = new Reader(bench, { scope: 'd.c' })
  await first.next()
  const second = new Reader(bench, { scope: 'd.c' })
  const answerSecond = held.hold('readAfter')
  const batch = second.next()
  await settle()
  await insert(1)
  const answerHub = held.hold('readAfter')
  await insert(2)
  first.close()
  answerSecond()
  await batch
  answerHub()
  await settle()
  await second.drain()
  expect(idsOf(second)).toEqual([1, 2])
})

test('a change that has to be looked up keeps its place before those that come meanwhile', async () => {
  await insert(1)
  const looking = new Reader(bench, { scope: 'd.c', stage: { fullDocument: 'updateLookup' } })
  const plain = new Reader(bench, { scope: 'd.c' })
  await looking.next()
  await plain.next()
  const lookUp = held.hold('snapshot')
  await update(1, 1)
  await insert(2)
  await settle()
  // Who needs no look-up does not wait for one.
  await plain.next()
  expect(idsOf(plain)).toEqual([1])
  const batch = looking.next()
  await settle()
  expect(idsOf(looking)).toEqual([])
  lookUp()
  await batch
  await looking.next()
  await plain.next()
  expect(looking.events.map(({ operationType }) => operationType)).toEqual(['update', 'insert'])
  expect(idsOf(plain)).toEqual([1, 2])
})

test('a getMore that is not to wait has everything that was committed before it', async () => {
  const reader = new Reader(bench, { scope: 'd.c' })
  await reader.next()
  const answer = held.hold('readAfter')
  await insert(1)
  await insert(2)
  const batch = reader.next()
  await settle()
  expect(idsOf(reader)).toEqual([])
  answer()
  await batch
  await reader.next()
  expect(idsOf(reader)).toEqual([1, 2])
  const other = held.hold('readAfter')
  await insert(3, 'other')
  const nothing = reader.next()
  other()
  expect(await nothing).toBe(0)
  const { operationTime } = await bench.command({ ping: 1 })
  const time = operationTime.getHighBitsUnsigned().toString(16).toUpperCase()
  expect(reader.tokens.at(-1)?.token._data).toContain(time)
})

test('a getMore that is not to wait does not wait for a hub that fails or ends', async () => {
  const readers = [new Reader(bench, { scope: 'd.c' }), new Reader(bench, { scope: 'd.c' })]
  for (const reader of readers) await reader.next()
  const answer = held.hold('readAfter', { fails: true })
  await insert(1)
  const batches = readers.map(reader => expect(reader.next()).rejects.toThrow('the disk is gone'))
  await settle()
  answer()
  await Promise.all(batches)
})

test('a look-up that fails ends the streams that asked for it, and no other', async () => {
  await insert(1)
  const looking = new Reader(bench, { scope: 'd.c', stage: { fullDocument: 'updateLookup' } })
  const plain = new Reader(bench, { scope: 'd.c' })
  await looking.next()
  await plain.next()
  const waiting = expect(looking.next({ waitMs: 1000 })).rejects.toThrow('the disk is gone')
  held.hold('snapshot', { fails: true })()
  await update(1, 1)
  await waiting
  await insert(2)
  await plain.next()
  expect(idsOf(plain)).toEqual([1, 2])
})

test('a log that cannot be read ends the live streams with that error, and is tried again by the next', async () => {
  const reader = new Reader(bench, { scope: 'd.c' })
  await reader.next()
  const waiting = expect(reader.next({ waitMs: 1000 })).rejects.toThrow('the disk is gone')
  held.hold('readAfter', { fails: true })()
  await insert(1)
  await waiting
  expect(bench.hub.count).toBe(0)
  const next = new Reader(bench, { scope: 'd.c' })
  await next.next()
  await insert(2)
  await next.next()
  expect(idsOf(next)).toEqual([2])
})

test('history that is lost behind the hub is an error of the live streams', async () => {
  const reader = new Reader(bench, { scope: 'd.c' })
  await reader.next()
  const answer = held.hold('readAfter')
  await insert(1)
  await insert(2)
  const { log } = bench.services.store.engine
  await log.truncateBefore(log.newest.time)
  answer()
  await expect(reader.next({ waitMs: 1000 })).rejects.toMatchObject({ codeName: 'ChangeStreamHistoryLost' })
})

test('a stream closed while it looks something up, or reads, stays closed', async () => {
  await insert(1)
  const looking = new Reader(bench, { scope: 'd.c', stage: { fullDocument: 'updateLookup' } })
  await update(1, 1)
  for (const kind of ['readAfter', 'snapshot'] as const) {
    const stream = kind === 'snapshot' ? looking : new Reader(bench, { scope: 'd.c' })
    const answer = held.hold(kind)
    const batch = stream.next({ waitMs: 1000 })
    await settle()
    stream.close()
    answer()
    expect(await batch).toBe(0)
    expect(bench.hub.count).toBe(0)
  }
})

test('a stream that starts in the future holds up no other', async () => {
  const { operationTime } = await bench.command({ ping: 1 })
  const inAnHour = new Timestamp({ t: operationTime.getHighBitsUnsigned() + 3600, i: 1 })
  const future = new Reader(bench, { scope: 'd.c', stage: { startAtOperationTime: inAnHour } })
  await future.next()
  const now = new Reader(bench, { scope: 'd.c' })
  await now.next()
  await insert(1)
  await now.next()
  await future.next()
  expect([idsOf(now), idsOf(future)]).toEqual([[1], []])
  await bench.env.advance(3600_000)
  await insert(2)
  await now.next()
  await future.next()
  expect([idsOf(now), idsOf(future)]).toEqual([[1, 2], [2]])
})

test('the log is moved on while streams are live and nothing is written, and only then', async () => {
  const { log } = bench.services.store.engine
  const timers = bench.env.timerCount
  const entriesAfter = async (ms: number) => {
    const before = log.newest
    await bench.env.advance(ms)
    return (await log.readAfter(before, { bytesMax: Infinity })).length
  }
  expect(await entriesAfter(5 * idleEntryMs)).toBe(0)
  const readers = [new Reader(bench, { scope: 'd.c' }), new Reader(bench, { scope: '' })]
  for (const reader of readers) await reader.next()
  expect(bench.env.timerCount).toBe(timers + 1)
  expect(await entriesAfter(5 * idleEntryMs)).toBe(5)
  await bench.env.advance(idleEntryMs / 2)
  await insert(1)
  // Something was written in this period, so only the next one is idle.
  expect(await entriesAfter(idleEntryMs / 2)).toBe(0)
  expect(await entriesAfter(idleEntryMs)).toBe(1)
  for (const reader of readers) reader.close()
  expect(bench.env.timerCount).toBe(timers)
  expect(await entriesAfter(5 * idleEntryMs)).toBe(0)
})

test('a stream that comes while the idle entry is written adds no second timer', async () => {
  const timers = bench.env.timerCount
  const first = new Reader(bench, { scope: 'd.c' })
  await first.next()
  const second = new Reader(bench, { scope: 'd.c' })
  const answer = held.hold('readAfter')
  const batch = second.next()
  await settle()
  const stop = bench.services.store.engine.log.onAppend(() => {
    stop()
    first.close()
    answer()
  })
  await bench.env.advance(idleEntryMs)
  await batch
  await settle()
  expect(bench.hub.count).toBe(1)
  expect(bench.env.timerCount).toBe(timers + 1)
})

test('a slow stream falls back to the log, leaves the hub alone, and loses nothing', async () => {
  const reader = new Reader(bench, { scope: 'd.c', backlogBytesMax: 1000 })
  await reader.next()
  await insert(0)
  expect(bench.hub.count).toBe(1)
  for (let id = 1; id < 100; id++) await insert(id)
  expect(bench.hub.count).toBe(0)
  await reader.drain(7)
  expect(idsOf(reader)).toEqual(Array.from({ length: 100 }, (_, id) => id))
  expect(bench.hub.count).toBe(1)
})

test('a hub that is closed takes no streams', async () => {
  bench.hub.close()
  const timers = bench.env.timerCount
  const reader = new Reader(bench, { scope: 'd.c' })
  await reader.next()
  await insert(1)
  expect(await reader.next()).toBe(0)
  expect([bench.hub.count, bench.env.timerCount]).toEqual([0, timers])
})
