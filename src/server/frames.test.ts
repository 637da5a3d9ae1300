import { describe, expect, test } from 'vitest'
import { messageBytesMax } from '../base/limits.ts'
import { frame } from '../wire/request.suite.ts'
import { FrameReader } from './frames.ts'

function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
}

test('whole frames in a chunk are views of it', () => {
  const chunk = Buffer.concat([frame(2013, Buffer.alloc(5)), frame(2013, Buffer.alloc(9))])
  const reader = new FrameReader()
  reader.push(chunk)
  expect(reader.count).toBe(2)
  for (const length of [21, 25]) {
    const view = reader.next()
    expect([view?.length, view?.buffer === chunk.buffer]).toEqual([length, true])
  }
  expect(reader.next()).toBeUndefined()
})

test('the largest message comes through whole, in chunks as sockets give them', () => {
  const bytes = frame(2013, Buffer.alloc(messageBytesMax - 16, 'tail race '))
  const reader = new FrameReader()
  for (const chunk of cut(bytes, 65_536)) reader.push(chunk)
  const whole = reader.next()
  expect(whole !== undefined && Buffer.compare(whole, bytes) === 0).toBe(true)
})

test('one byte at a time costs no more than the bytes', () => {
  const bytes = frame(2013, Buffer.alloc(200_000, 7))
  const reader = new FrameReader()
  for (const byte of cut(bytes, 1)) reader.push(byte)
  expect(Buffer.compare(reader.next() ?? Buffer.alloc(0), bytes)).toBe(0)
})

test('an announced length takes no memory before its bytes come', () => {
  const before = process.memoryUsage().arrayBuffers
  const readers = Array.from({ length: 100 }, () => new FrameReader())
  for (const reader of readers) reader.push(frame(2013, Buffer.alloc(100), { length: messageBytesMax }))
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 100_000)
  expect(readers.every(reader => reader.count === 0)).toBe(true)
})

describe('a header that no message can have is refused, before the rest comes', () => {
  test.each([
    [0, 2013],
    [1, 2013],
    [15, 2013],
    [-1, 2013],
    [-(2 ** 31), 2013],
    [2 ** 31 - 1, 2013],
    [messageBytesMax + 1, 2013],
    [1000, 0],
    [1000, 2002],
  ])('length %i, opCode %i', (length, opCode) => {
    for (const size of [100, 16, 4, 3, 1]) {
      const reader = new FrameReader()
      const bytes = Buffer.concat([frame(2013, Buffer.alloc(3)), frame(opCode, Buffer.alloc(0), { length })])
      expect(() => {
        for (const chunk of cut(bytes, size)) reader.push(chunk)
      }).toThrow(/is announced|is not supported/)
    }
  })
})
