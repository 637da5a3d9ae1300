/** All backlogs together stay within their bound, whoever has left without a word, and nothing is lost by it. */
import { afterEach, expect, test } from 'vitest'
import type { Document } from 'bson'
import { type Bench, openBench, Reader } from './streams.suite.ts'

let bench: Bench
afterEach(() => bench.close())

const text = 'x'.repeat(3000)
const insert = (...ids: number[]) =>
  bench.command({ insert: 'c', $db: 'd', documents: ids.map(_id => ({ _id, text })) })
const idsOf = (events: readonly Document[]) => events.map(({ documentKey }) => documentKey._id as number)

async function open(count: number, backlogsBytesMax: number): Promise<Reader[]> {
  bench = await openBench({ backlogsBytesMax })
  const readers = Array.from({ length: count }, () => new Reader(bench, { scope: 'd.c' }))
  for (const reader of readers) await reader.next()
  return readers
}

const backlogOf = ({ stream }: Reader) => stream.report.backlog.count

test('thousands of streams that nobody reads hold no more than the bound, and deliver everything in the end', async () => {
  const bytesMax = 1_000_000
  const readers = await open(2000, bytesMax)
  const ids = Array.from({ length: 20 }, (_, id) => id)
  for (const id of ids) {
    await insert(id)
    await bench.env.yieldTurn()
    expect(bench.hub.backlogs.bytes).toBeLessThanOrEqual(bytesMax)
  }
  expect(bench.hub.backlogs.bytes).toBeGreaterThan(0)
  expect(bench.hub.backlogs.shedCount).toBeGreaterThanOrEqual(1700)
  for (const reader of readers) expect(idsOf(await reader.drain())).toEqual(ids)
  expect(bench.hub.backlogs.bytes).toBe(0)
}, 60_000)

test('the stream that has been unread for the longest lets go first', async () => {
  const [first, second, third] = (await open(3, 40_000)) as [Reader, Reader, Reader]
  await insert(1, 2, 3)
  await bench.env.yieldTurn()
  // It takes one and leaves two, so that it is the last that was read.
  await first.next({ countMax: 1 })
  await insert(4)
  await bench.env.yieldTurn()
  expect([first, second, third].map(backlogOf)).toEqual([3, 4, 4])
  await insert(5)
  await bench.env.yieldTurn()
  expect([first, second, third].map(backlogOf)).toEqual([4, 0, 5])
  expect(second.stream.report.state).toBe('catching-up')
  for (const reader of [first, second, third]) expect(idsOf(await reader.drain())).toEqual([1, 2, 3, 4, 5])
})

test('what was read ahead in the history goes too', async () => {
  bench = await openBench({ backlogsBytesMax: 50_000 })
  const start = new Reader(bench, { scope: 'd.c' })
  await start.next()
  const ids = Array.from({ length: 500 }, (_, id) => id)
  await insert(...ids)
  const readers = ids.slice(0, 5).map(() => {
    const resumeAfter = start.tokens[0]?.token
    return new Reader(bench, { scope: 'd.c', stage: { resumeAfter } })
  })
  for (const reader of readers) await reader.next({ countMax: 1 })
  for (let left = 20; left > 0; left--) await bench.env.yieldTurn()
  expect(bench.hub.backlogs.bytes).toBeLessThanOrEqual(50_000)
  for (const reader of readers) {
    expect(idsOf(await reader.drain(7))).toEqual(ids)
    expect(bench.hub.backlogs.bytes).toBeLessThanOrEqual(50_000)
  }
})

test('a stream that is closed holds nothing, and the end of one that let go is told again', async () => {
  const [left, ended] = (await open(2, 4000)) as [Reader, Reader]
  await insert(1, 2)
  await bench.command({ drop: 'c', $db: 'd' })
  await bench.env.yieldTurn()
  left.close()
  expect(bench.hub.backlogs.bytes).toBeLessThanOrEqual(4000)
  const events = await ended.drain()
  expect(events.map(({ operationType }) => operationType)).toEqual(['insert', 'insert', 'drop', 'invalidate'])
  expect(bench.hub.backlogs.bytes).toBe(0)
})

test('a change that was taken in part keeps its place', async () => {
  bench = await openBench({ backlogsBytesMax: 100_000 })
  const stage = { fullDocument: 'required', fullDocumentBeforeChange: 'required' }
  await bench.command({ create: 'c', $db: 'd', changeStreamPreAndPostImages: { enabled: true } })
  await bench.command({ insert: 'c', $db: 'd', documents: [{ _id: 1, text: 'x'.repeat(9_000_000) }] })
  const reader = new Reader(bench, { scope: 'd.c', stage, pipeline: [{ $changeStreamSplitLargeEvent: {} }] })
  await reader.next()
  await bench.command({ update: 'c', $db: 'd', updates: [{ q: {}, u: { $set: { n: 1 } } }] })
  await reader.next({ countMax: 1 })
  await insert(2)
  await bench.env.yieldTurn()
  await insert(3)
  await bench.env.yieldTurn()
  const events = await reader.drain(1)
  expect(events.map(({ splitEvent, documentKey }) => splitEvent?.fragment ?? documentKey._id)).toEqual([1, 2, 2, 3])
})
