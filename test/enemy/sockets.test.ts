/**
 * Whatever one connection does, nobody else notices: a change stream of somebody else delivers exactly what was acknowledged, new
 * connections are served, and nothing is logged that should not happen.
 */
import { once } from 'node:events'
import { deflateSync } from 'node:zlib'
import { type Document, serialize, setInternalBufferSize } from 'bson'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { documentBytesMax, messageBytesMax } from '../../src/base/limits.ts'
import {
  bodySection,
  compressed,
  frame,
  int32,
  msg,
  msgOf,
  query,
  sequenceSection,
} from '../../src/wire/request.suite.ts'
import type { Peer } from './peer.ts'
import { ask, message, temporaryFolder, until, Victim, Watch } from './victim.ts'

setInternalBufferSize(20 * 1024 * 1024)

let victim: Victim
let witness: Peer
let writer: Peer
let watch: Watch
let written = 0

beforeAll(async () => {
  victim = await Victim.on(temporaryFolder())
})
afterAll(async () => {
  expect(await victim.stop()).toMatchObject({ code: 0 })
  expect(victim.complaints).toEqual([])
})

/** The bystanders: one that writes, and one that watches. */
async function standBy(): Promise<void> {
  writer = await victim.connect()
  witness = await victim.connect()
  watch = await Watch.open(witness, 'witnessed')
}

const status = async (client: Peer): Promise<Document> => ask(client, { serverStatus: 1 })
const cursorCount = async (): Promise<number> => (await status(writer)).metrics.cursor.open.total

async function insertWitnessed(count: number): Promise<number[]> {
  const ids = Array.from({ length: count }, () => ++written)
  for (const _id of ids)
    expect(await ask(writer, { insert: 'witnessed', documents: [{ _id }] })).toMatchObject({ ok: 1, n: 1 })
  return ids
}

/** Does harm between two writes, and looks whether anyone noticed. */
async function expectUnharmed(harm: () => Promise<void>): Promise<void> {
  await standBy()
  const cursorsBefore = await cursorCount()
  const before = await insertWitnessed(2)
  await harm()
  const after = await insertWitnessed(2)
  const events = await watch.take(4)
  expect(events.map(event => event.fullDocument._id)).toEqual([...before, ...after])
  const fresh = await victim.connect()
  expect(await ask(fresh, { ping: 1 })).toMatchObject({ ok: 1 })
  expect((await status(fresh)).asserts.regular).toBe(0)
  expect(victim.child.exitCode).toBe(null)
  expect(victim.complaints).toEqual([])
  await until(cursorCount, count => count <= cursorsBefore)
}

/** Sends the bytes; the server answers with the code, or closes the connection. */
async function expectAnswer(bytes: Uint8Array, expected: number | 'closed'): Promise<void> {
  const client = await victim.connect()
  client.send(bytes)
  const answer = await client.next()
  if (expected === 'closed') return expect(answer).toBe('closed')
  expect(answer).toMatchObject({ document: { ok: 0, code: expected } })
  expect(await ask(client, { ping: 1 })).toMatchObject({ ok: 1 })
}

/** A document of type `type` nested in itself. */
function nested(levels: number, type = 3): Buffer {
  const heads = Array.from({ length: levels - 1 }, (_, above) =>
    Buffer.concat([int32(5 + 8 * (levels - 1 - above)), Buffer.of(type, 0x61, 0)]),
  )
  return Buffer.concat([...heads, serialize({}), Buffer.alloc(levels - 1)])
}

/** A command with `bad` in the place of its field `x`: bytes of a value, behind their type. */
function withBytes(command: Document, type: number, bad: Uint8Array): Buffer {
  // A binary of its size keeps the place, and lengths of what is around it are right.
  const place = Buffer.alloc(bad.length, 0x3f)
  const written = Buffer.from(serialize({ ...command, $db: 'test' }, { ignoreUndefined: true }))
  const whole = Buffer.from(serialize(replaceX(command, place), { ignoreUndefined: true }))
  const at = whole.indexOf(place)
  if (at < 0 || written.length === 0) throw new Error('there is no x')
  // Type, name "x" and its 00, then the binary's length and subtype.
  const head = at - 5
  const value = Buffer.concat([whole.subarray(0, head), bad, whole.subarray(at + place.length)])
  value[head - 3] = type
  // All documents around it are five bytes shorter now.
  for (const start of starts(whole, head)) value.writeInt32LE(whole.readInt32LE(start) - 5, start)
  return msgOf([bodySection(value)])
}

function replaceX(value: unknown, place: Buffer): Document {
  const change = (it: unknown): unknown => {
    if (Array.isArray(it)) return it.map(change)
    if (typeof it !== 'object' || it === null) return it
    return Object.fromEntries(Object.entries(it).map(([name, inner]) => [name, name === 'x' ? place : change(inner)]))
  }
  return { ...(change(value) as Document), $db: 'test' }
}

/** Where the documents begin in which `at` lies. */
function starts(bytes: Buffer, at: number): number[] {
  const found: number[] = []
  for (let start = 0; start < at; start++) {
    const length = bytes.readInt32LE(start)
    const isDocument =
      start === 0 ||
      (bytes[start - 1] === 0 &&
        length > 4 &&
        start + length <= bytes.length &&
        start + length > at &&
        bytes[start + length - 1] === 0)
    if (isDocument && [0x02, 0x03, 0x04, 0x05, 0x10].includes(bytes[start + 4] ?? 0)) found.push(start)
  }
  return found
}

const lyingText = Buffer.concat([int32(1000), Buffer.from('a\0')])
const noUtf8 = Buffer.concat([int32(3), Buffer.of(0xc3, 0x28, 0)])
const loneSurrogate = Buffer.concat([int32(4), Buffer.of(0xed, 0xa0, 0x80, 0)])
const lyingDocument = Buffer.from('ffffff7f00', 'hex')
const negativeBinary = Buffer.concat([int32(-1), Buffer.of(0)])
const wrongBool = Buffer.of(7)
const endlessRegex = Buffer.from('abcdefgh')
const badValues: readonly [string, number, Buffer][] = [
  ['a text longer than its message', 0x02, lyingText],
  ['a text that is not UTF-8', 0x02, noUtf8],
  ['a text with half a surrogate pair', 0x02, loneSurrogate],
  ['a document of 2 GiB', 0x03, lyingDocument],
  ['a binary of a negative length', 0x05, negativeBinary],
  ['a boolean that is neither', 0x08, wrongBool],
  ['a regular expression without an end', 0x0b, endlessRegex],
  ['a type that there is not', 0x42, wrongBool],
]
const carriers: readonly [string, Document][] = [
  ['a document to insert', { insert: 'c', documents: [{ _id: 1, x: 1 }] }],
  ['a filter', { find: 'c', filter: { a: { $gt: { x: 1 } } } }],
  ['an update', { update: 'c', updates: [{ q: {}, u: { $set: { x: 1 } } }] }],
  ['a pipeline', { aggregate: 'c', pipeline: [{ $match: { x: 1 } }], cursor: {} }],
  ['a change stream', { aggregate: 'c', pipeline: [{ $changeStream: { resumeAfter: { x: 1 } } }], cursor: {} }],
]

test('values that are no BSON are refused wherever they stand, and the connection lives', () =>
  expectUnharmed(async () => {
    for (const [where, command] of carriers) {
      for (const [what, type, bytes] of badValues) {
        const client = await victim.connect()
        client.send(withBytes(command, type, bytes))
        const answer = await client.next()
        expect([where, what, answer === 'closed' ? answer : answer.document.code]).toEqual([where, what, 22])
        expect(await ask(client, { ping: 1 })).toMatchObject({ ok: 1 })
        client.socket.destroy()
      }
    }
    // The way there is right: a good value in the same place is taken.
    const client = await victim.connect()
    client.send(
      withBytes({ insert: 'c', documents: [{ _id: 1, x: 1 }] }, 0x02, Buffer.concat([int32(3), Buffer.from('ok\0')])),
    )
    expect(await client.document()).toMatchObject({ ok: 1, n: 1 })
    expect((await ask(client, { find: 'c' })).cursor.firstBatch).toEqual([{ _id: 1, x: 'ok' }])
  }))

const bomb = deflateSync(Buffer.alloc(200_000_000))
const insertInto = bodySection({ insert: 'c', $db: 'test' })
test.each<[string, () => Uint8Array, number | 'closed']>([
  ['an unknown opCode', () => frame(2099, Buffer.alloc(20)), 'closed'],
  ['a legacy insert', () => frame(2002, Buffer.alloc(20)), 'closed'],
  ['a length of 3', () => frame(2013, Buffer.alloc(20), { length: 3 }), 'closed'],
  ['a negative length', () => frame(2013, Buffer.alloc(20), { length: -7 }), 'closed'],
  ['a message of 48 MB and one byte', () => frame(2013, Buffer.alloc(20), { length: messageBytesMax + 1 }), 'closed'],
  ['48 MB of zeros', () => frame(2013, Buffer.alloc(messageBytesMax - 16)), 22],
  ['a document of 17 MiB', () => message({ insert: 'c', documents: [{ x: Buffer.alloc(17 * 1024 * 1024) }] }), 10334],
  [
    'a sequence with 17 MiB in it',
    () => msgOf([insertInto, sequenceSection('documents', [{ x: Buffer.alloc(17 * 1024 * 1024) }])]),
    10334,
  ],
  ['181 levels', () => msgOf([bodySection(nested(181))]), 15],
  ['181 levels of arrays', () => msgOf([insertInto, sequenceSection('documents', [nested(181, 4)])]), 15],
  ['100,000 levels', () => msgOf([insertInto, sequenceSection('documents', [nested(100_000)])]), 15],
  ['an OP_QUERY for an insert', () => query({ insert: 'c', documents: [{}] }), 352],
  ['two bodies', () => msgOf([insertInto, insertInto]), 40430],
  [
    'a field that is there twice, as sequence and in the body',
    () => msgOf([bodySection({ insert: 'c', documents: [], $db: 'test' }), sequenceSection('documents', [{}])]),
    40433,
  ],
  ['200 MB packed as if they were 100 bytes', () => compressed(msg({ ping: 1 }), 2, bomb, { sizeError: 40 }), 'closed'],
  [
    '200 MB packed as if they were 2 GB',
    () => compressed(msg({ ping: 1 }), 2, bomb, { sizeError: 2_000_000_000 }),
    'closed',
  ],
  [
    '200 MB packed as what they are',
    () => compressed(msg({ ping: 1 }), 2, bomb, { sizeError: 200_000_000 - msg({ ping: 1 }).length + 16 }),
    'closed',
  ],
])('%s', (_, bytes, expected) => expectUnharmed(() => expectAnswer(bytes(), expected)))

test('a document that is just small enough is taken, and comes back', () =>
  expectUnharmed(async () => {
    const client = await victim.connect()
    const x = Buffer.alloc(documentBytesMax - serialize({ _id: 1, x: Buffer.alloc(0) }).length)
    expect(await ask(client, { insert: 'large', documents: [{ _id: 1, x }] })).toMatchObject({ ok: 1, n: 1 })
    const { cursor } = await ask(client, { find: 'large' })
    expect(cursor.firstBatch[0].x.length()).toBe(x.length)
    // One byte more is one too many, whoever adds it.
    const more = { update: 'large', updates: [{ q: { _id: 1 }, u: { $set: { y: 1 } } }] }
    expect((await ask(client, more)).writeErrors).toMatchObject([{ index: 0, code: 10334 }])
    expect(await ask(client, { delete: 'large', deletes: [{ q: {}, limit: 0 }] })).toMatchObject({ n: 1 })
  }))

test('a connection that goes in the middle of a message takes nothing with it', () =>
  expectUnharmed(async () => {
    const bytes = message({ insert: 'half', documents: [{ _id: 1, text: 'x'.repeat(100_000) }] })
    for (const cut of [1, 15, 16, 20, 21, 1000, bytes.length - 1]) {
      for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
        const client = await victim.connect()
        await new Promise(resolve => client.socket.write(bytes.subarray(0, cut), resolve))
        client.socket[leave]()
        await client.closed
      }
    }
    expect((await ask(writer, { count: 'half' })).n).toBe(0)
  }))

test('connections that say nothing, or stop half-way, hold nobody up', () =>
  expectUnharmed(async () => {
    const silent = await Promise.all(Array.from({ length: 50 }, () => victim.connect()))
    for (const [index, client] of silent.entries()) client.send(message({ ping: 1 }).subarray(0, index))
    expect(await ask(writer, { ping: 1 })).toMatchObject({ ok: 1 })
    for (const client of silent) client.socket.destroy()
  }))

/** Waits until the server runs a command of this name for somebody. */
const running = (name: string, count = 1): Promise<Document> =>
  until(
    () => ask(writer, { currentOp: 1, $db: 'admin' }),
    ({ inprog }) => inprog.filter((operation: Document) => operation.command?.[name] !== undefined).length === count,
  )

test.each(['end', 'destroy', 'resetAndDestroy'] as const)(
  'a stream goes with the connection whose getMore waits on it (%s)',
  leave =>
    expectUnharmed(async () => {
      const before = await cursorCount()
      const client = await victim.connect()
      const abandoned = await Watch.open(client, 'witnessed')
      expect(await cursorCount()).toBe(before + 1)
      client.send(message(abandoned.more(600_000)))
      await running('getMore')
      client.socket[leave]()
      await until(cursorCount, count => count === before)
      await running('getMore', 0)
    }),
)

test('a stream that is taken by exhaust goes with its connection', () =>
  expectUnharmed(async () => {
    const before = await cursorCount()
    const client = await victim.connect()
    const abandoned = await Watch.open(client, 'witnessed')
    const body = bodySection(serialize({ ...abandoned.more(600_000), $db: 'test' }, { ignoreUndefined: true }))
    client.send(msgOf([body], { flags: 1 << 16 }))
    await insertWitnessed(0)
    await running('getMore')
    client.socket.destroy()
    await until(cursorCount, count => count === before)
  }))

test('a find, an await and a hello that wait go with their connection', () =>
  expectUnharmed(async () => {
    const client = await victim.connect()
    const { topologyVersion } = await ask(client, { hello: 1, $db: 'admin' })
    client.send(message({ hello: 1, topologyVersion, maxAwaitTimeMS: 600_000, $db: 'admin' }))
    await running('hello')
    client.socket.destroy()
    await running('hello', 0)
  }))

test('a connection that goes in the middle of a large reply leaves nothing behind', () =>
  expectUnharmed(async () => {
    const documents = Array.from({ length: 15 }, (_, _id) => ({ _id, x: Buffer.alloc(1_000_000) }))
    for (const document of documents) await ask(writer, { insert: 'big', documents: [document] })
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const client = await victim.connect()
      client.socket.removeAllListeners('data')
      client.send(message({ find: 'big' }))
      await once(client.socket, 'readable')
      client.socket.read(1000)
      client.socket[leave]()
      await client.closed
    }
    await ask(writer, { drop: 'big' })
  }))

test('a client that sends without end and reads nothing is not read without end', () =>
  expectUnharmed(async () => {
    const client = await victim.connect()
    client.socket.pause()
    await ask(writer, { insert: 'echoed', documents: [{ _id: 1, x: Buffer.alloc(100_000) }] })
    const requests = Buffer.concat(Array.from({ length: 1000 }, () => message({ find: 'echoed' })))
    client.socket.write(requests)
    // Replies of 100 MB are asked for; what the server has made of them is what its socket and ours can hold.
    const out = await until(
      async () => Number((await status(writer)).network.bytesOut),
      bytes => bytes > 200_000,
    )
    expect(out).toBeLessThan(80_000_000)
    const { mem } = await status(writer)
    expect(mem.resident).toBeLessThan(600)
    client.socket.destroy()
    await ask(writer, { drop: 'echoed' })
  }))
