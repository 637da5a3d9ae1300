// The vectors are tokens of MongoDB, and such as its format gives.
import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { Binary, Decimal128, Double, Int32, Long, ObjectId, deserialize } from 'bson'
import { arbitraryDocument, valueOf } from '../bson/arbitrary.suite.ts'
import { compareValues } from '../bson/compare.ts'
import { show } from '../bson/show.ts'
import { documentBytes, documentValue } from '../bson/value.ts'
import { brokenTokens } from './broken-tokens.suite.ts'
import { compareTokenParts, decodeResumeToken, encodeResumeToken, highWaterMarkToken } from './resume-token.ts'
import type { TokenParts } from './resume-token.ts'

const timestamp = (seconds: number, increment: number) => (BigInt(seconds) << 32n) | BigInt(increment)
const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
const dropTarget = new Binary(Buffer.from('ffeeddccbbaa99887766554433221100', 'hex'), 4)

const event: TokenParts = {
  clusterTime: timestamp(1_700_000_000, 1),
  version: 2,
  tokenType: 'event',
  txnOpIndex: 0,
  fromInvalidate: false,
  uuid,
  eventIdentifier: undefined,
  fragmentNum: undefined,
}
const mark: TokenParts = { ...event, tokenType: 'high-water-mark', uuid: undefined }
const identified = (identifier: unknown, more: Partial<TokenParts> = {}): TokenParts => ({
  ...event,
  eventIdentifier: valueOf(identifier),
  ...more,
})
const written = (operationType: string, documentKey: unknown, more: Partial<TokenParts> = {}) =>
  identified({ operationType, documentKey }, more)
const one = { _id: new Int32(1) }

const T = '826553F10000000001'
const U = '5A100400112233445566778899AABBCCDDEEFF'
const event2 = `${T}2B042C0100296E${U}`
const inserted = `${event2}463C6F7065726174696F6E54797065003C696E736572740046646F63756D656E744B65790046`
const updated = `${event2}463C6F7065726174696F6E54797065003C7570646174650046646F63756D656E744B657900461E5F6964002B020000`
const dropped = '463C6F7065726174696F6E54797065003C64726F700000'
const renamed = `463C6F7065726174696F6E54797065003C72656E616D6500466F7065726174696F6E4465736372697074696F6E004646746F00463C6462003C74657374003C636F6C6C003C620000`
const rename = { operationType: 'rename', operationDescription: { to: { db: 'test', coll: 'b' } } }

const vectors: readonly (readonly [what: string, parts: TokenParts, data: string, typeBits?: string])[] = [
  [
    'a published high-water mark of version 1',
    { ...mark, clusterTime: timestamp(1_630_496_062, 2), version: 1 },
    '82612F653E000000022B0229296E04',
  ],
  [
    'a published insert of version 2',
    written(
      'insert',
      { _id: new ObjectId('6275077a2f3159f971e405c6') },
      { clusterTime: timestamp(1_651_836_794, 1), uuid: Buffer.from('bffdb617400e486099007c0e0048b305', 'hex') },
    ),
    '826275077A000000012B042C0100296E5A1004BFFDB617400E486099007C0E0048B305463C6F7065726174696F6E54797065003C696E736572740046646F63756D656E744B65790046645F696400646275077A2F3159F971E405C6000004',
  ],
  [
    'a published event of version 1',
    identified(
      { _id: { foo: [2e307, -2e307, 2e-307, -2e-307].map(double => new Double(double)) } },
      {
        version: 1,
        clusterTime: timestamp(1_699_887_506, 1),
        uuid: Buffer.from('754b35d306b342e8ba0a3de71005b664', 'hex'),
      },
    ),
    '8265523992000000012B022C0100296E5A1004754B35D306B342E8BA0A3DE71005B66446465F6964004650666F6F0050337F78F63E7958E8661F808709C186A717992A6083F43058818C1A289F7C0BCFA77E73E500000004',
    'gkAV',
  ],
  ['a high-water mark of version 2', mark, `${T}2B0429296E1404`],
  ['a high-water mark of version 1', { ...mark, version: 1 }, `${T}2B0229296E04`],
  ['an insert', written('insert', one), `${inserted}1E5F6964002B02000004`],
  ['with a long', written('insert', { _id: Long.ONE }), `${inserted}1E5F6964002B02000004`, 'ggAB'],
  ['with a double', written('insert', { _id: new Double(1) }), `${inserted}1E5F6964002B02000004`, 'goAA'],
  ['with a decimal', written('insert', { _id: new Decimal128('1') }), `${inserted}1E5F6964002B02000004`, 'goAD'],
  ['version 1', identified(one, { version: 1 }), `${T}2B022C0100296E${U}461E5F6964002B020004`],
  [
    'version 1, a long',
    identified({ _id: Long.ONE }, { version: 1 }),
    `${T}2B022C0100296E${U}461E5F6964002B020004`,
    'gYA=',
  ],
  [
    'version 1, a double',
    identified({ _id: new Double(1) }, { version: 1 }),
    `${T}2B022C0100296E${U}461E5F6964002B020004`,
    'QA==',
  ],
  ['version 0', identified(one, { version: 0 }), `${T}2929${U}461E5F6964002B020004`],
  ['a negative number', written('insert', { _id: new Int32(-5) }), `${inserted}1E5F69640027F5000004`],
  ['a fraction', written('insert', { _id: 1.5 }), `${inserted}1E5F6964002B0380000000000000000004`, 'goAA'],
  ['a string', written('insert', { _id: 'abc' }), `${inserted}3C5F6964003C61626300000004`],
  ['a string with 00', written('insert', { _id: 'a\0b' }), `${inserted}3C5F6964003C6100FF6200000004`],
  ['a sharded key', written('insert', { sk: 'x', _id: new Int32(7) }), `${inserted}3C736B003C78001E5F6964002B0E000004`],
  ['an update', written('update', one), `${updated}04`],
  ['a replace', written('replace', one), `${updated}04`.replace('3C75706461746500', '3C7265706C61636500')],
  ['a delete', written('delete', one), `${updated}04`.replace('3C75706461746500', '3C64656C65746500')],
  ['a drop', identified({ operationType: 'drop' }), `${event2}${dropped}04`],
  [
    'its invalidate',
    identified({ operationType: 'drop' }, { fromInvalidate: true }),
    `${T}2B042C0100296F${U}${dropped}04`,
  ],
  ['a drop of version 1', { ...event, version: 1 }, `${T}2B022C0100296E${U}04`],
  ['its invalidate', { ...event, version: 1, fromInvalidate: true }, `${T}2B022C0100296F${U}04`],
  ['a rename', identified(rename), `${event2}${renamed}000004`],
  [
    'a rename with dropTarget',
    identified({ ...rename, operationDescription: { ...rename.operationDescription, dropTarget } }),
    `${event2}${renamed}5A64726F70546172676574005A1004FFEEDDCCBBAA99887766554433221100000004`,
  ],
  [
    'a dropDatabase',
    identified({ operationType: 'dropDatabase' }, { uuid: undefined }),
    `${T}2B042C0100296E14463C6F7065726174696F6E54797065003C64726F704461746162617365000004`,
  ],
  [
    'its invalidate',
    identified({ operationType: 'dropDatabase' }, { uuid: undefined, fromInvalidate: true }),
    `${T}2B042C0100296F14463C6F7065726174696F6E54797065003C64726F704461746162617365000004`,
  ],
  [
    'a create',
    identified({
      operationType: 'create',
      operationDescription: { idIndex: { v: new Int32(2), key: one, name: '_id_' } },
    }),
    `${event2}463C6F7065726174696F6E54797065003C63726561746500466F7065726174696F6E4465736372697074696F6E0046466964496E64657800461E76002B04466B657900461E5F6964002B02003C6E616D65003C5F69645F0000000004`,
  ],
  [
    'a createIndexes',
    identified({
      operationType: 'createIndexes',
      operationDescription: { indexes: [{ v: new Int32(2), key: { a: new Int32(1) }, name: 'a_1' }] },
    }),
    `${event2}463C6F7065726174696F6E54797065003C637265617465496E646578657300466F7065726174696F6E4465736372697074696F6E004650696E64657865730050461E76002B04466B657900461E61002B02003C6E616D65003C615F31000000000004`,
  ],
  [
    'the fourth of a transaction',
    written('insert', { _id: new Int32(4) }, { txnOpIndex: 3 }),
    `${inserted}1E5F6964002B08000004`.replace('2C0100296E', '2C01002B066E'),
  ],
  [
    'a later one of a transaction',
    written('insert', { _id: new Int32(4) }, { txnOpIndex: 200 }),
    `${inserted}1E5F6964002B08000004`.replace('2C0100296E', '2C01002C01906E'),
  ],
  ['the first fragment', written('update', one, { fragmentNum: 0 }), `${updated}2904`],
  ['the second fragment', written('update', one, { fragmentNum: 1 }), `${updated}2B0204`],
]

const base64 = (binary: Binary | undefined) => binary && Buffer.from(binary.buffer).toString('base64')
const tokenOf = (data: unknown, more: object = {}) => valueOf({ _data: data, ...more })
/** Parts in a form that can be compared. */
const plain = (parts: TokenParts) => ({
  ...parts,
  uuid: parts.uuid && Buffer.from(parts.uuid).toString('hex'),
  eventIdentifier: parts.eventIdentifier && Buffer.from(documentBytes(parts.eventIdentifier)).toString('hex'),
})

const cases = vectors.map(([what, parts, data, typeBits]) => ({ what, parts, data, typeBits }))

test.each(cases)('$what has the token of the server', ({ parts, data, typeBits }) => {
  const token = deserialize(encodeResumeToken(parts), { promoteValues: false }) as { _data: string; _typeBits?: Binary }
  expect(token._data).toBe(data)
  expect(base64(token._typeBits)).toBe(typeBits)
  expect(Object.keys(token)).toEqual(typeBits === undefined ? ['_data'] : ['_data', '_typeBits'])
})

test.each(cases)('$what is read back', ({ parts, data, typeBits }) => {
  const bits = typeBits === undefined ? {} : { _typeBits: new Binary(Buffer.from(typeBits, 'base64')) }
  expect(plain(decodeResumeToken(tokenOf(data, bits)))).toEqual(plain(parts))
  expect(plain(decodeResumeToken(tokenOf(data.toLowerCase(), { ...bits, more: 1 })))).toEqual(plain(parts))
})

test('the high-water-mark token names a time and nothing else', () => {
  expect(deserialize(highWaterMarkToken(timestamp(1_700_000_000, 1)))).toEqual({ _data: `${T}2B0429296E1404` })
})

test('a high-water mark of version 0 does not tell what it is, and counts as an event', () => {
  expect(plain(decodeResumeToken(tokenOf(`${T}292904`)))).toEqual(plain({ ...event, version: 0, uuid: undefined }))
})

test.each(brokenTokens)('%s: refused', (_what, token, code) => {
  expect(() => decodeResumeToken(valueOf(token))).toThrow(expect.objectContaining({ name: 'CommandError', code }))
})

test('tokens that no event has are not made', () => {
  expect(() => encodeResumeToken(identified(one, { version: 1, uuid: undefined }))).toThrow(/assertion/)
  expect(() => encodeResumeToken(identified(one, { version: 1, fragmentNum: 0 }))).toThrow(/assertion/)
})

const arbitraryParts: fc.Arbitrary<TokenParts> = fc.record({
  clusterTime: fc.oneof(fc.bigInt(1n, 3n), fc.bigInt(0n, 2n ** 64n - 1n)),
  version: fc.constant(2 as const),
  tokenType: fc.constant('event' as const),
  txnOpIndex: fc.oneof(fc.nat(2), fc.nat()),
  fromInvalidate: fc.boolean(),
  uuid: fc.option(fc.constantFrom(uuid, Buffer.alloc(16)), { nil: undefined }),
  eventIdentifier: arbitraryDocument.map(documentValue),
  fragmentNum: fc.option(fc.nat(3), { nil: undefined }),
})

test('decode(encode(parts)) is parts', () => {
  fc.assert(
    fc.property(arbitraryParts, parts => {
      const decoded = decodeResumeToken(documentValue(encodeResumeToken(parts)))
      // The bits of a NaN are not kept.
      const comparable = (of: TokenParts) => ({ ...plain(of), eventIdentifier: show(of.eventIdentifier) })
      expect(comparable(decoded)).toEqual(comparable(parts))
    }),
    { numRuns: 1000 },
  )
})

test.each(cases)(
  'what $what says is all there is in it: made again from that, it is the same to the byte',
  ({ parts }) => {
    const token = encodeResumeToken(parts)
    expect(Buffer.compare(encodeResumeToken(decodeResumeToken(documentValue(token))), token)).toBe(0)
  },
)

test('any token made again from what it says is the same to the byte', () => {
  fc.assert(
    fc.property(arbitraryParts, fc.constantFrom(0 as const, 1 as const, 2 as const), (parts, version) => {
      // Old versions have no fragments, and a UUID in front of the event.
      const old = { ...parts, version, fragmentNum: undefined, fromInvalidate: version === 1 && parts.fromInvalidate }
      const eventIdentifier = parts.uuid === undefined ? undefined : parts.eventIdentifier
      const token = encodeResumeToken(version === 2 ? parts : { ...old, eventIdentifier })
      expect(Buffer.compare(encodeResumeToken(decodeResumeToken(documentValue(token))), token)).toBe(0)
    }),
    { numRuns: 1000 },
  )
})

test('tokens of one version compare as the positions they name', () => {
  fc.assert(
    fc.property(arbitraryParts, arbitraryParts, fc.boolean(), (a, other, near) => {
      const b = near ? { ...a, fragmentNum: other.fragmentNum, eventIdentifier: other.eventIdentifier } : other
      const dataOnly = (parts: TokenParts) => valueOf(deserialize(encodeResumeToken(parts))['_data'])
      const order = Math.sign(compareValues(dataOnly(a), dataOnly(b)))
      expect(Math.sign(compareTokenParts(a, b)) + 0).toBe(order)
    }),
    { numRuns: 1000 },
  )
})
