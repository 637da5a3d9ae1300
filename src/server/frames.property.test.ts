import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { frame } from '../wire/request.suite.ts'
import { FrameReader } from './frames.ts'

function taken(reader: FrameReader): Buffer[] {
  const frames: Buffer[] = []
  for (let next = reader.next(); next !== undefined; next = reader.next()) frames.push(Buffer.from(next))
  return frames
}

test('frames come out as they went in, however the bytes are cut into chunks', () => {
  const sizes = fc.array(fc.oneof(fc.nat(40), fc.nat(2000), fc.constant(300_000)), { minLength: 1, maxLength: 6 })
  const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 100_000 })), {
    minLength: 1,
    maxLength: 10,
  })
  fc.assert(
    fc.property(sizes, cuts, (contentSizes, chunkSizes) => {
      const frames = contentSizes.map((size, index) => frame(2013, Buffer.alloc(size, index + 1)))
      const bytes = Buffer.concat(frames)
      const reader = new FrameReader()
      const out: Buffer[] = []
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = (chunkSizes[turn % chunkSizes.length] ?? 1) * (at > 1000 ? 20 : 1)
        reader.push(bytes.subarray(at, at + size))
        if (turn % 3 !== 0) out.push(...taken(reader))
        at += size
      }
      out.push(...taken(reader))
      expect(Buffer.compare(Buffer.concat(out), bytes)).toBe(0)
      expect(out.map(({ length }) => length)).toEqual(frames.map(({ length }) => length))
    }),
    { numRuns: 200 },
  )
})
