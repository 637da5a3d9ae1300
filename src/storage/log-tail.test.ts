import { expect, test } from 'vitest'
import type { LogEntry, Position } from './engine.ts'
import { PackedEntries } from './log-part.ts'
import { LogTail } from './log-tail.ts'

const at = (time: number, index = 0): Position => ({ time: BigInt(time), index })

/** Appends commits of one entry each: their times, and their bytes if not 10. */
function append(tail: LogTail, ...commits: (readonly [time: number, bytes?: number])[]): void {
  for (const [time, bytes = 10] of commits) {
    const entries = new PackedEntries()
    entries.append(new Uint8Array(bytes))
    tail.append(entries.place(BigInt(time), tail.newest?.totalBehind ?? 0))
    tail.shrink(at(time))
  }
}

const timesOf = (entries: readonly LogEntry[] | undefined) => entries?.map(({ position }) => Number(position.time))

test('it holds everything behind the position it began at', () => {
  const tail = new LogTail(at(5), { bytesMax: 100 })
  expect(tail.readAfter(at(5), 100)).toEqual([])
  append(tail, [6], [8])
  expect(timesOf(tail.readAfter(at(5), 100))).toEqual([6, 8])
  expect(timesOf(tail.readAfter(at(7), 100))).toEqual([8])
  expect(timesOf(tail.readAfter(at(8), 100))).toEqual([])
  expect(tail.readAfter(at(4), 100)).toBe(undefined)
  expect(tail.find(at(8))?.position).toEqual(at(8))
  expect(tail.find(at(7))).toBe(undefined)
  expect(tail.find(at(8, 1))).toBe(undefined)
})

test('past its limit it drops the oldest, and says from where on it is of no use', () => {
  const tail = new LogTail(at(0), { bytesMax: 30 })
  append(tail, [1], [2], [3])
  expect([tail.bytes, tail.after]).toEqual([30, at(0)])
  append(tail, [4])
  expect([tail.bytes, tail.after, tail.oldest]).toEqual([30, at(1), at(2)])
  expect(tail.readAfter(at(0), 100)).toBe(undefined)
  expect(timesOf(tail.readAfter(at(1), 100))).toEqual([2, 3, 4])
  expect(tail.find(at(1))).toBe(undefined)
  expect(tail.countAfter(at(2))).toEqual({ count: 2, isExact: true })
  expect(tail.countAfter(at(0))).toEqual({ count: 3, isExact: false })
})

test('what its owner still needs stays, however much it is', () => {
  const tail = new LogTail(at(0), { bytesMax: 30 })
  for (const time of [1, 2, 3, 4, 5]) {
    const entries = new PackedEntries()
    entries.append(new Uint8Array(10))
    tail.append(entries.place(BigInt(time), tail.newest?.totalBehind ?? 0))
  }
  tail.shrink(at(0))
  expect([tail.bytes, tail.after]).toEqual([50, at(0)])
  tail.shrink(at(1))
  expect([tail.bytes, tail.after]).toEqual([40, at(1)])
  tail.shrink(at(5))
  expect([tail.bytes, tail.after]).toEqual([30, at(2)])
})

test('the newest entry stays however large it is', () => {
  const tail = new LogTail(at(0), { bytesMax: 30 })
  append(tail, [1], [2, 500])
  expect([timesOf(tail.readAfter(at(1), 1)), tail.bytes]).toEqual([[2], 500])
})

test('entries that were dropped from the log are dropped here', () => {
  const tail = new LogTail(at(0), { bytesMax: 100 })
  append(tail, [1], [2], [3])
  tail.dropBefore(3n)
  expect([tail.oldest, tail.bytes, tail.find(at(2))]).toEqual([at(3), 10, undefined])
  tail.dropBefore(9n)
  expect([tail.oldest, tail.bytes]).toEqual([undefined, 0])
  append(tail, [10])
  expect(timesOf(tail.readAfter(at(3), 100))).toEqual([10])
})

test('it stays small in front of an endless log', () => {
  const tail = new LogTail(at(0), { bytesMax: 1000 })
  for (let time = 1; time <= 20_000; time += 1) append(tail, [time])
  expect([tail.bytes, tail.oldest]).toEqual([1000, at(19_901)])
  expect(timesOf(tail.readAfter(at(19_990), 30))).toEqual([19_991, 19_992, 19_993])
})
