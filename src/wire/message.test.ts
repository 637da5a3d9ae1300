import { deserialize, serialize } from 'bson'
import { describe, expect, test } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { documentBytesInternalMax, messageBytesMax, replyRoomBytes } from '../base/limits.ts'
import { crc32c } from './crc32c.ts'
import {
  allowsExhaust,
  decodeContents,
  decodeEnvelope,
  decodeFrameLength,
  encodeReply,
  isConnectionFatal,
  wantsNoReply,
} from './message.ts'
import { bodySection, frame, int32, msg, msgOf, opMsg, query, sequenceSection } from './request.suite.ts'

const decode = (bytes: Uint8Array) => decodeContents(bytes, decodeEnvelope(bytes))

/** What a message says, as plain objects. */
function read(bytes: Uint8Array) {
  const { body, sequences } = decode(bytes)
  const lists = sequences.map(({ identifier, documents }) => [identifier, documents.map(each => deserialize(each))])
  return { body: deserialize(body), ...Object.fromEntries(lists) }
}

/** The codeName of the refusal, with an exclamation mark when it ends the connection. */
function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return error.codeName + (isConnectionFatal(error) ? '!' : '')
  }
  return 'taken'
}

const documents = (count: number) => Array.from({ length: count }, (_, x) => ({ x }))
const bodyOf = (name: string) => bodySection({ [name]: 'c', $db: 'd' })
const nested = (levels: number): Buffer => {
  let document = Buffer.from(serialize({}))
  for (let level = 1; level < levels; level++) {
    document = Buffer.concat([int32(document.length + 8), Buffer.of(3, 0x61, 0), document, Buffer.of(0)])
  }
  return document
}

describe('a message is read', () => {
  test.each([
    ['with a body', msg({ ping: 1 }), { body: { ping: 1, $db: 'test' } }],
    [
      'with a sequence behind the body',
      msgOf([bodyOf('insert'), sequenceSection('documents', documents(3))]),
      { body: { insert: 'c', $db: 'd' }, documents: documents(3) },
    ],
    [
      'with a sequence before the body',
      msgOf([sequenceSection('documents', documents(2)), bodyOf('insert')]),
      { body: { insert: 'c', $db: 'd' }, documents: documents(2) },
    ],
    [
      'with the body between two sequences',
      msgOf([sequenceSection('ops', documents(1)), bodyOf('bulkWrite'), sequenceSection('nsInfo', documents(2))]),
      { body: { bulkWrite: 'c', $db: 'd' }, ops: documents(1), nsInfo: documents(2) },
    ],
    [
      'with an empty sequence',
      msgOf([bodyOf('insert'), sequenceSection('documents', [])]),
      { body: { insert: 'c', $db: 'd' }, documents: [] },
    ],
    ['with a checksum', msg({ ping: 1 }, { flags: 1 }), { body: { ping: 1, $db: 'test' } }],
    [
      'with unknown flags that it may ignore',
      msg({ ping: 1 }, { flags: 0xfffe0000 }),
      { body: { ping: 1, $db: 'test' } },
    ],
    ['as a query, to which its database is added', query({ isMaster: 1 }), { body: { isMaster: 1, $db: 'admin' } }],
    ['as a query that names its database', query({ hello: 1, $db: 'x' }), { body: { hello: 1, $db: 'x' } }],
  ])('%s', (_, bytes, contents) => {
    expect(read(bytes)).toEqual(contents)
  })

  test('without copying its documents', () => {
    const bytes = msgOf([bodyOf('insert'), sequenceSection('documents', documents(2))])
    const { body, sequences } = decode(bytes)
    for (const document of [body, ...(sequences[0]?.documents ?? [])]) expect(document.buffer).toBe(bytes.buffer)
  })

  test('with the largest document there may be', () => {
    const document = Buffer.alloc(documentBytesInternalMax)
    document.set(int32(document.length))
    document.set([5, 0], 4)
    document.set(int32(document.length - 12), 6)
    expect(refusal(() => decode(msgOf([bodySection(document)])))).toBe('taken')
  })
})

test.each([
  ['neither', 0, false, false],
  ['moreToCome', 2, true, false],
  ['exhaustAllowed', 0x10000, false, true],
  ['both', 0x10002, true, true],
])('the flags of a message are understood: %s', (_, flags, noReply, exhaust) => {
  const envelope = decodeEnvelope(msg({ ping: 1 }, { flags, requestId: -5 }))
  expect(envelope).toMatchObject({ kind: 'msg', requestId: -5, flags })
  expect([wantsNoReply(envelope), allowsExhaust(envelope)]).toEqual([noReply, exhaust])
})

describe('a message is refused, and the connection lives', () => {
  test.each([
    ['without a body', msgOf([]), 'Location40587'],
    ['with two bodies', msgOf([bodyOf('a'), bodyOf('b')]), 'Location40430'],
    ['with a section of another kind', msgOf([bodyOf('a'), Buffer.of(2)]), 'Location40432'],
    [
      'with two sequences of one name',
      msgOf([bodyOf('a'), sequenceSection('documents', []), sequenceSection('documents', [])]),
      'Location40431',
    ],
    [
      'with a field and a sequence of one name',
      msgOf([bodySection({ insert: 'c', documents: [] }), sequenceSection('documents', [])]),
      'Location40433',
    ],
    [
      'with a sequence that is too long',
      msgOf([bodyOf('a'), sequenceSection('x', [], { sizeError: 1 })]),
      'InvalidLength',
    ],
    ['with a sequence of no size', msgOf([bodyOf('a'), Buffer.of(1), int32(0)]), 'InvalidLength'],
    [
      'with a sequence of negative size',
      msgOf([bodyOf('a'), Buffer.of(1), int32(-9), Buffer.alloc(9)]),
      'InvalidLength',
    ],
    ['with half a size', msgOf([bodyOf('a'), Buffer.of(1, 9, 0)]), 'InvalidLength'],
    ['with a name that has no end', msgOf([bodyOf('a'), Buffer.of(1), int32(6), Buffer.from('xx')]), 'InvalidLength'],
    [
      'with half a document in a sequence',
      msgOf([bodyOf('a'), sequenceSection('x', [Buffer.of(5, 0)])]),
      'InvalidBSON',
    ],
    ['with a body that is too long', msgOf([Buffer.of(0), int32(6), Buffer.of(0)]), 'InvalidBSON'],
    ['with a body of length 4', msgOf([Buffer.of(0), int32(4), Buffer.of(0)]), 'InvalidBSON'],
    ['with a negative body', msgOf([Buffer.of(0), int32(-5), Buffer.of(0)]), 'InvalidBSON'],
    ['with half a length', msgOf([Buffer.of(0, 5)]), 'InvalidBSON'],
    ['with a body that does not end', msgOf([Buffer.of(0), int32(5), Buffer.of(1)]), 'InvalidBSON'],
    [
      'with text that is not UTF-8',
      msgOf([bodySection(Buffer.concat([int32(14), Buffer.of(2, 0x61, 0), int32(2), Buffer.of(0xff, 0, 0)]))]),
      'InvalidBSON',
    ],
    ['that is nested too deep', msgOf([bodySection(nested(181))]), 'Overflow'],
    [
      'that lies about a large document',
      msgOf([Buffer.of(0), int32(documentBytesInternalMax + 1)]),
      'BSONObjectTooLarge',
    ],
    ['that is a query for another command', query({ find: 'c' }), 'UnsupportedOpQueryCommand'],
    ['that is a query for nothing', query({}), 'UnsupportedOpQueryCommand'],
    ['that is a query on a collection', query({ isMaster: 1 }, { target: 'test.c' }), 'UnsupportedOpQueryCommand'],
    ['that is a query without a document', query({ hello: 1 }).subarray(0, 39), 'InvalidBSON'],
    ['that is an empty query', frame(2004, Buffer.alloc(0)), 'InvalidLength'],
  ])('%s', (_, bytes, codeName) => {
    expect(refusal(() => decode(bytes))).toBe(codeName)
  })

  test('but one level less is taken', () => {
    expect(refusal(() => decode(msgOf([bodySection(nested(180))])))).toBe('taken')
  })
})

describe('a message ends the connection', () => {
  const damaged = msg({ ping: 1 }, { flags: 1 })
  damaged.writeInt8(damaged.readInt8(30) ^ 1, 30)
  const three = ['a', 'b', 'c'].map(name => sequenceSection(name, []))
  test.each([
    ['with a flag that must be known', msg({ ping: 1 }, { flags: 4 }), 'IllegalOpMsgFlag!'],
    ['with the last flag that must be known', msg({ ping: 1 }, { flags: 0x8000 }), 'IllegalOpMsgFlag!'],
    ['with a wrong checksum', damaged, 'ChecksumMismatch!'],
    ['with a checksum over nothing', frame(opMsg, int32(1)), 'ChecksumMismatch!'],
    ['with three sequences', msgOf([bodyOf('a'), ...three]), 'TooManyDocumentSequences!'],
    ['that ends before its flags', frame(opMsg, Buffer.alloc(3)), 'ProtocolError!'],
    ['that is empty', frame(opMsg, Buffer.alloc(0)), 'ProtocolError!'],
    ['of the opCode 0', frame(0, Buffer.alloc(20)), 'ProtocolError!'],
    ['that is a reply', frame(1, Buffer.alloc(20)), 'ProtocolError!'],
    ['that is a legacy insert', frame(2002, Buffer.alloc(20)), 'ProtocolError!'],
    ['that is a legacy getMore', frame(2005, Buffer.alloc(20)), 'ProtocolError!'],
    ['that is packed twice', frame(2012, Buffer.alloc(20)), 'ProtocolError!'],
  ])('%s', (_, bytes, codeName) => {
    expect(refusal(() => decode(bytes))).toBe(codeName)
  })

  test.each([0, 1, 15, -1, -(2 ** 31), 2 ** 31 - 1, messageBytesMax + 1])('of %i bytes', length => {
    expect(refusal(() => decodeFrameLength(frame(opMsg, Buffer.alloc(0), { length }), 0))).toBe('ProtocolError!')
  })

  test.each([16, 17, messageBytesMax])('but not of %i bytes', length => {
    expect(decodeFrameLength(frame(opMsg, Buffer.alloc(0), { length }), 0)).toBe(length)
  })
})

describe('a reply is written', () => {
  const small = serialize({ ok: 1 })
  const large = serialize({ text: 'x'.repeat(20_000) })
  const reply = (document: Uint8Array, request: Uint8Array, { moreToCome = false, room = 0 } = {}) => {
    const held = Buffer.concat([Buffer.alloc(room, 0xee), document])
    const head = { envelope: decodeEnvelope(request), requestId: 3, responseTo: 7, moreToCome }
    return encodeReply({ document: held.subarray(room), room }, head)
  }
  const forms = [
    ['a small one', small, 0],
    ['a large one', large, 0],
    ['too little room', small, 20],
    ['just enough room', small, 21],
    ['room for a query', large, replyRoomBytes],
    ['more than enough', large, 100],
  ] as const

  test.each(forms)('as a message: %s', (_, document, room) => {
    const sent = reply(document, msg({ ping: 1 }), { room })
    expect(sent.length).toBe(room >= 21 ? 1 : 2)
    const bytes = Buffer.concat(sent)
    expect(bytes).toEqual(
      frame(opMsg, Buffer.concat([int32(0), Buffer.of(0), document]), { requestId: 3, responseTo: 7 }),
    )
  })

  test.each(forms)('with a checksum when the request had one: %s', (_, document, room) => {
    const bytes = Buffer.concat(reply(document, msg({ ping: 1 }, { flags: 1 }), { room }))
    expect(bytes.readUInt32LE(16)).toBe(1)
    expect(bytes.readUInt32LE(bytes.length - 4)).toBe(crc32c(bytes.subarray(0, -4)))
    expect(decode(bytes).body).toEqual(document)
  })

  test('with moreToCome when another one follows', () => {
    const bytes = Buffer.concat(reply(small, msg({ hello: 1 }, { flags: 0x10000 }), { moreToCome: true }))
    expect(bytes.readUInt32LE(16)).toBe(2)
  })

  test.each(forms)('as an OP_REPLY to a query: %s', (_, document, room) => {
    const sent = reply(document, query({ isMaster: 1 }), { room })
    expect(sent.length).toBe(room >= replyRoomBytes ? 1 : 2)
    const bytes = Buffer.concat(sent)
    const content = Buffer.concat([int32(8), Buffer.alloc(8), int32(0), int32(1), document])
    expect(bytes).toEqual(frame(1, content, { requestId: 3, responseTo: 7 }))
  })
})
