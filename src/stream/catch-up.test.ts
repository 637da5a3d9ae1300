/** Reading a long history: in pieces, and never for too long at a time. */
import { Timestamp } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { catchUpMsMax, searchMsMax } from '../base/limits.ts'
import { type Bench, HeldReads, openBench, Reader } from './streams.suite.ts'

/** Looking at its clock takes time. */
class BusyEnv extends ManualEnv {
  readonly #stepMs: number
  #spentMs = 0
  yields = 0

  constructor(stepMs: number) {
    super()
    this.#stepMs = stepMs
  }

  override monotonicMs(): number {
    this.#spentMs += this.#stepMs
    return this.#spentMs
  }

  override yieldTurn(): Promise<void> {
    this.yields++
    return super.yieldTurn()
  }
}

let held: HeldReads
let bench: Bench
const countWritten = 3000

beforeEach(async () => {
  held = new HeldReads()
  bench = await openBench(held)
  const text = 'x'.repeat(2000)
  const documents = Array.from({ length: countWritten }, (_, _id) => ({ _id, text }))
  for (let from = 0; from < countWritten; from += 500) {
    await bench.command({ insert: 'c', $db: 'd', documents: documents.slice(from, from + 500) })
  }
})

afterEach(() => bench.close())

const start = () => ({ startAtOperationTime: new Timestamp({ t: 1, i: 1 }) })

test('what is there already is given before the history has been read to its end', async () => {
  const env = new BusyEnv(2)
  const store = { ...bench.store, env }
  const first = new Reader(bench, { scope: 'd.c', stage: start() })
  await first.drain()
  const reader = new Reader({ store, hub: bench.hub }, { scope: 'd.c', stage: start() })
  const count = await reader.next()
  expect(count).toBeGreaterThan(0)
  expect(count).toBeLessThan(countWritten)
  expect(env.yields).toBeGreaterThan(0)
  expect(await reader.drain()).toEqual(first.events)
  expect(catchUpMsMax).toBeLessThan(searchMsMax)
})

test('a search that finds nothing for long answers, and the next goes on where it stopped', async () => {
  const store = { ...bench.store, env: new BusyEnv(100) }
  const pipeline = [{ $match: { 'fullDocument._id': countWritten - 1 } }]
  const reader = new Reader({ store, hub: bench.hub }, { scope: 'd.c', stage: start(), pipeline })
  let batches = 0
  while ((await reader.next()) === 0) batches++
  expect(batches).toBeGreaterThan(1)
  expect(reader.events).toHaveLength(1)
  const tokens = reader.tokens.map(({ token }) => token._data as string)
  expect(tokens).toEqual(tokens.toSorted())
  expect(new Set(tokens).size).toBeGreaterThan(2)
})

test('a first batch that is not to wait reads to the end of the log', async () => {
  const pipeline = [{ $match: { 'fullDocument._id': countWritten - 1 } }]
  const reply = await bench.command({
    aggregate: 'c',
    $db: 'd',
    pipeline: [{ $changeStream: start() }, ...pipeline],
    cursor: {},
  })
  expect(reply.cursor.firstBatch).toHaveLength(1)
})

test('a piece is read ahead while the client is busy, and one that is closed meanwhile stays closed', async () => {
  const reader = new Reader(bench, { scope: 'd.c', stage: start() })
  await reader.next({ countMax: 1 })
  const answer = held.hold('readAfter')
  await bench.env.yieldTurn()
  reader.close()
  answer()
  await bench.env.yieldTurn()
  expect(bench.hub.count).toBe(0)
  expect(await reader.next()).toBe(0)
})

test('what goes wrong while reading ahead is told behind what was read before', async () => {
  const reader = new Reader(bench, { scope: 'd.c', stage: start() })
  await reader.next({ countMax: 1 })
  held.hold('readAfter', { fails: true })()
  await bench.env.yieldTurn()
  let count = 1
  await expect(
    (async () => {
      for (;;) count += await reader.next({ countMax: 100 })
    })(),
  ).rejects.toThrow('the disk is gone')
  expect(count).toBeGreaterThan(100)
  expect(count).toBeLessThan(countWritten)
  expect(reader.events.map(({ documentKey }) => documentKey._id)).toEqual(Array.from({ length: count }, (_, id) => id))
})

test('however much was read ahead, all of it comes once', async () => {
  const reader = new Reader(bench, { scope: 'd.c', stage: start() })
  for (let turn = 0; reader.events.length < countWritten; turn++) {
    await reader.next({ countMax: 150 })
    if (turn % 3 === 0) await bench.env.yieldTurn()
  }
  expect(reader.events.map(({ documentKey }) => documentKey._id)).toEqual(
    Array.from({ length: countWritten }, (_, id) => id),
  )
})
