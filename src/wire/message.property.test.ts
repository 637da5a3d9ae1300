import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { arbitraryDocument } from '../bson/arbitrary.suite.ts'
import { decodeContents, decodeEnvelope, encodeReply } from './message.ts'
import { bodySection, msgOf, sequenceSection } from './request.suite.ts'

const decode = (bytes: Uint8Array) => decodeContents(bytes, decodeEnvelope(bytes))

const fields = (name: string) => (document: Uint8Array) => !Buffer.from(document).includes(`${name}\0`)
const sequence = (identifier: string) =>
  fc.array(arbitraryDocument, { maxLength: 5 }).map(documents => ({ identifier, documents }))

/** The sections of a message, in any order, and what they say. */
const message = fc
  .tuple(
    arbitraryDocument.filter(fields('ops')).filter(fields('nsInfo')),
    fc.tuple(sequence('ops'), sequence('nsInfo')).chain(both => fc.subarray(both)),
    fc.nat(),
    fc.constantFrom(0, 1, 2, 3, 0x10000, 0x10001),
  )
  .map(([body, sequences, place, flags]) => {
    const sections = sequences.map(({ identifier, documents }) => sequenceSection(identifier, documents))
    sections.splice(place % (sections.length + 1), 0, bodySection(body))
    return { body, sequences, flags, bytes: msgOf(sections, { flags }) }
  })

test('decode(encode(message)) is the message, wherever the body stands', () => {
  fc.assert(
    fc.property(message, ({ body, sequences, bytes }) => {
      const read = decode(bytes)
      expect(Buffer.compare(read.body, body)).toBe(0)
      expect(read.sequences.map(({ identifier }) => identifier)).toEqual(sequences.map(({ identifier }) => identifier))
      for (const [index, { documents }] of sequences.entries()) {
        expect(Buffer.concat(read.sequences[index]?.documents ?? [])).toEqual(Buffer.concat(documents))
      }
    }),
    { numRuns: 200 },
  )
})

test('a reply is itself a message that says what was replied', () => {
  fc.assert(
    fc.property(arbitraryDocument, message, (document, { flags, bytes }) => {
      const envelope = decodeEnvelope(bytes)
      const reply = Buffer.concat(
        encodeReply({ document }, { envelope, requestId: 1, responseTo: 2, moreToCome: false }),
      )
      expect(decodeEnvelope(reply)).toEqual({ kind: 'msg', requestId: 1, responseTo: 2, flags: flags & 1 })
      expect(Buffer.compare(decode(reply).body, document)).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('damaged bytes are taken or refused, never a bug', () => {
  const change = fc.record({ at: fc.nat(), to: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)) })
  fc.assert(
    fc.property(message, fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(), ({ bytes }, changes, cut) => {
      const damaged = Buffer.from(bytes.subarray(0, 16 + (cut % (bytes.length - 15))))
      for (const { at, to } of changes) damaged[at % damaged.length] = to
      // The opCode is kept, else nearly all of them end there.
      damaged.writeInt32LE(2013, 12)
      try {
        decode(damaged)
      } catch (error) {
        expect(error).toBeInstanceOf(CommandError)
      }
    }),
    { numRuns: 2000 },
  )
})
