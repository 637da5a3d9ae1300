import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeDocument, writeFields, type Encodable } from './encode.ts'
import { BsonWriter } from './writer.ts'

const field: fc.Arbitrary<Encodable> = fc.letrec<{ field: Encodable }>(tie => ({
  field: fc.oneof(
    { maxDepth: 3 },
    fc.integer(),
    fc.string({ maxLength: 60 }),
    fc.constant(new Uint8Array([5, 0, 0, 0, 0])),
    fc.array(tie('field'), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 6 }), tie('field'), { maxKeys: 5 }),
  ),
})).field
const document = fc.dictionary(fc.string({ maxLength: 6 }), field, { maxKeys: 8 })

test('a document is the same wherever it is written, and what lies around it stays as it was', () => {
  const place = fc.record({ length: fc.nat({ max: 400 }), used: fc.nat({ max: 300 }), room: fc.nat({ max: 40 }) })
  fc.assert(
    fc.property(document, place, (fields, { length, used, room }) => {
      const begin = used + room
      const bytes = Buffer.allocUnsafeSlow(Math.max(length, begin + 4)).fill(0xee)
      const writer = new BsonWriter({ bytes, begin, room })
      writeFields(writer, fields)
      const written = writer.finishInPlace()
      expect(Buffer.compare(written, encodeDocument(fields))).toBe(0)
      expect(bytes.subarray(0, begin).every(byte => byte === 0xee)).toBe(true)
      if (begin + written.length <= bytes.length && written.buffer === bytes.buffer) {
        expect(written.byteOffset).toBe(begin)
      }
      // The room is in front of it in whatever buffer it is.
      expect(Buffer.from(written.buffer, written.byteOffset - room, room)).toEqual(Buffer.alloc(room, 0xee))
    }),
    { numRuns: 300 },
  )
})

test('documents of one writer follow each other, each the same as alone', () => {
  fc.assert(
    fc.property(fc.array(document, { maxLength: 6 }), fields => {
      const writer = new BsonWriter({ bytes: Buffer.alloc(300), begin: 30, room: 20 })
      for (const each of fields) {
        writeFields(writer, each)
        expect(Buffer.compare(writer.finishInPlace(), encodeDocument(each))).toBe(0)
      }
    }),
    { numRuns: 100 },
  )
})
