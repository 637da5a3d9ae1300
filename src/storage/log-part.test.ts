import fc from 'fast-check'
import { expect, test } from 'vitest'
import { logPartBytesMax } from '../base/limits.ts'
import type { LogEntry } from './engine.ts'
import { LogPart, PackedEntries } from './log-part.ts'

function placed(entries: readonly Uint8Array[], { time = 7n, total = 0 } = {}): LogPart[] {
  const packed = new PackedEntries()
  for (const entry of entries) packed.append(entry)
  expect([packed.count, packed.bytes]).toEqual([entries.length, bytesOf(entries)])
  return packed.place(time, total)
}

const bytesOf = (entries: readonly Uint8Array[]) => entries.reduce((sum, { length }) => sum + length, 0)

const read = (parts: readonly LogPart[], index: number) => {
  const found: LogEntry[] = []
  for (const part of parts) part.readAfter({ time: 7n, index }, Infinity, found)
  return found
}

test('entries come out of their parts as they went in, wherever one begins to read', () => {
  const entry = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(new Uint8Array(30_000).fill(1)))
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), fc.nat(2 ** 40), (entries, total) => {
      const parts = placed(entries, { total })
      const stored = parts.map(({ first, value }) => new LogPart(first, Uint8Array.from(value)))
      for (let index = -1; index <= entries.length; index++) {
        const found = read(stored, index)
        expect(found.map(({ position }) => position.index)).toEqual(entries.map((_, at) => at).filter(at => at > index))
        expect(
          found.every(({ bytes }, at) => Buffer.compare(bytes, entries[index + 1 + at] ?? new Uint8Array()) === 0),
        ).toBe(true)
      }
      let before = total
      for (const part of stored) {
        expect(part.total).toBe(before)
        before = part.totalBehind
      }
      expect(before).toBe(total + bytesOf(entries))
    }),
  )
})

test('a commit is a few parts, none of them much larger than it should be', () => {
  const parts = placed(Array.from({ length: 1000 }, () => new Uint8Array(1000)))
  expect(parts.length).toBe(Math.ceil(1000 / Math.ceil(logPartBytesMax / 1004)))
  for (const { value } of parts) expect(value.length).toBeLessThan(logPartBytesMax + 1100)
  expect(parts.map(({ index }) => index)).toEqual([...parts.keys()].map(at => at * (parts[1]?.index ?? 0)))
  expect(parts.at(-1)?.last).toEqual({ time: 7n, index: 999 })
})

test('an appended entry is a copy: who made it may use its bytes again', () => {
  const entry = Uint8Array.of(1)
  const packed = new PackedEntries()
  packed.append(entry)
  entry[0] = 2
  packed.append(entry)
  expect(read(packed.place(7n, 0), -1).map(({ bytes }) => bytes[0])).toEqual([1, 2])
})
