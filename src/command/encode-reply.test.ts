import { type Document, deserialize, serialize } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { replyRoomBytes, replySlabBytes } from '../base/limits.ts'
import { CommandError } from '../base/errors.ts'
import { encodeFailure, encodeSuccess } from './encode-reply.ts'

const read = (bytes: Uint8Array): Document => deserialize(bytes, { useBigInt64: true })
const processId = new Uint8Array(12)

test('replies that are held stay as they were, and so do their rooms, whatever is encoded after them', () => {
  const made = fc.record({ bytes: fc.nat({ max: 3000 }), fails: fc.boolean(), time: fc.bigInt({ min: 1n, max: 9n }) })
  fc.assert(
    fc.property(fc.array(made, { minLength: 1, maxLength: 40 }), all => {
      const held = all.map(({ bytes, fails, time }, index) => {
        const text = `${index}`.padEnd(bytes, '.')
        const reply = fails
          ? encodeFailure(new CommandError('BadValue', text), { time, processId, errorLabels: undefined })
          : encodeSuccess({ text }, { time, writeConcernError: undefined, errorLabels: [] })
        const room = Buffer.from(reply.buffer, reply.byteOffset - replyRoomBytes, replyRoomBytes).fill(index)
        return { reply, room, text, time, fails, index }
      })
      for (const { reply, room, text, time, fails, index } of held) {
        const { text: given, errmsg, ok, operationTime } = read(reply)
        expect([given ?? errmsg, ok, operationTime.toBigInt()]).toEqual([text, fails ? 0 : 1, time])
        expect(room).toEqual(Buffer.alloc(replyRoomBytes, index))
      }
    }),
    { numRuns: 60 },
  )
})

test('a reply that could not be encoded leaves nothing behind, and one that is larger than a slab is whole', () => {
  const options = { time: 1n, writeConcernError: undefined, errorLabels: [] }
  const before = encodeSuccess({ n: 1 }, options)
  const broken = {
    get text(): string {
      throw new Error('not to be had')
    },
  }
  expect(() => encodeSuccess({ a: 'x'.repeat(100), b: broken }, options)).toThrow('not to be had')
  const large = serialize({ text: 'y'.repeat(3 * replySlabBytes) })
  const reply = encodeSuccess({ cursor: { firstBatch: [large, large], id: 0n, ns: 'a.b' } }, options)
  expect(read(reply).cursor).toEqual({ firstBatch: [read(large), read(large)], id: 0n, ns: 'a.b' })
  expect([read(before).n, read(encodeSuccess({ n: 2 }, options)).n]).toEqual([1, 2])
})
