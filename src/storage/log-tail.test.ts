import { expect, test } from 'vitest'
import type { LogEntry, Position } from './engine.ts'
import { LogTail } from './log-tail.ts'

const at = (time: number, index = 0): Position => ({ time: BigInt(time), index })
const entry = (time: number, bytes = 10): LogEntry => ({ position: at(time), bytes: new Uint8Array(bytes) })
const timesOf = (entries: readonly LogEntry[] | undefined) => entries?.map(({ position }) => Number(position.time))

test('it holds everything behind the position it began at', () => {
  const tail = new LogTail(at(5), { bytesMax: 100 })
  expect(tail.readAfter(at(5), 100)).toEqual([])
  tail.append([entry(6), entry(8)])
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
  tail.append([entry(1), entry(2), entry(3)])
  expect([tail.bytes, tail.after]).toEqual([30, at(0)])
  tail.append([entry(4)])
  expect([tail.bytes, tail.after, tail.oldest]).toEqual([30, at(1), at(2)])
  expect(tail.readAfter(at(0), 100)).toBe(undefined)
  expect(timesOf(tail.readAfter(at(1), 100))).toEqual([2, 3, 4])
  expect(tail.find(at(1))).toBe(undefined)
})

test('the newest entry stays however large it is', () => {
  const tail = new LogTail(at(0), { bytesMax: 30 })
  tail.append([entry(1), entry(2, 500)])
  expect([timesOf(tail.readAfter(at(1), 1)), tail.bytes]).toEqual([[2], 500])
})

test('entries that were dropped from the log are dropped here', () => {
  const tail = new LogTail(at(0), { bytesMax: 100 })
  tail.append([entry(1), entry(2), entry(3)])
  tail.dropBefore(at(3))
  expect([tail.oldest, tail.bytes, tail.find(at(2))]).toEqual([at(3), 10, undefined])
  tail.dropBefore(at(9))
  expect([tail.oldest, tail.bytes]).toEqual([undefined, 0])
  tail.append([entry(10)])
  expect(timesOf(tail.readAfter(at(3), 100))).toEqual([10])
})

test('it stays small in front of an endless log', () => {
  const tail = new LogTail(at(0), { bytesMax: 1000 })
  for (let time = 1; time <= 20_000; time += 1) tail.append([entry(time)])
  expect([tail.bytes, tail.oldest]).toEqual([1000, at(19_901)])
  expect(timesOf(tail.readAfter(at(19_990), 30))).toEqual([19_991, 19_992, 19_993])
})
