/** Whatever comes over the wire, its connection is the only one that may suffer. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serialize } from 'bson'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { documentBytesMax, messageBytesMax } from '../base/limits.ts'
import { bodySection, compressed, frame, int32, msg, msgOf, query, sequenceSection } from '../wire/request.suite.ts'
import { echo, RawClient, serve, type TestServer } from './raw-client.suite.ts'

let folder: string
let path: string
let server: TestServer
/** A client that was there before, and stays. */
let witness: RawClient

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-'))
  path = join(folder, 'server.sock')
  server = await serve(echo, { hosts: [], socketPath: path })
  witness = await RawClient.to({ path })
  expect(await witness.ask({ ping: 1 })).toMatchObject({ ok: 1 })
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The witness has noticed nothing, and whoever comes now is served. */
async function expectHealth(): Promise<void> {
  const fresh = await RawClient.to({ path })
  expect(await witness.ask({ ping: 1 })).toMatchObject({ ok: 1 })
  expect(await fresh.ask({ ping: 1 })).toMatchObject({ ok: 1 })
  fresh.socket.destroy()
  expect(server.logged.filter(line => line.includes('not answered'))).toEqual([])
}

const wrongChecksum = msg({ ping: 1 }, { flags: 1 })
wrongChecksum.fill(0, wrongChecksum.length - 4)
const deep = (levels: number): Buffer => {
  let document = Buffer.from(serialize({}))
  for (let level = 1; level < levels; level++) {
    document = Buffer.concat([int32(document.length + 8), Buffer.of(3, 0x61, 0), document, Buffer.of(0)])
  }
  return document
}

test.each([
  ['a length of 0', Buffer.alloc(64)],
  ['a length of 15', frame(2013, Buffer.alloc(20), { length: 15 })],
  ['a length of 2^31-1', frame(2013, Buffer.alloc(20), { length: 2 ** 31 - 1 })],
  ['a length of -1', frame(2013, Buffer.alloc(20), { length: -1 })],
  ['a length of -2^31', frame(2013, Buffer.alloc(20), { length: -(2 ** 31) })],
  ['a length of one more than is allowed', frame(2013, Buffer.alloc(20), { length: messageBytesMax + 1 })],
  ['an opCode of 0', frame(0, Buffer.alloc(20))],
  ['an unknown opCode', frame(2099, Buffer.alloc(20))],
  ['a legacy insert', frame(2002, Buffer.alloc(20))],
  ['a header and no more', frame(2013, Buffer.alloc(0))],
  ['a flag that must be known', msg({ ping: 1 }, { flags: 0x80 })],
  ['a wrong checksum', wrongChecksum],
  ['three sequences', msgOf([1, 2, 3].map(n => sequenceSection(`s${n}`, [])))],
  ['an unknown compressor', compressed(msg({ ping: 1 }), 9, Buffer.alloc(5))],
  ['zlib that is none', compressed(msg({ ping: 1 }), 2, Buffer.from('zlib'))],
  ['snappy that is none', compressed(msg({ ping: 1 }), 1, Buffer.from('snappy'))],
  ['a message packed twice', compressed(frame(2012, Buffer.alloc(30)), 0, Buffer.alloc(30))],
  ['a packed header and no more', frame(2012, Buffer.alloc(3))],
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['a TLS client', Buffer.from('16030100f5010000f10303'.padEnd(200, 'ab'), 'hex')],
])('%s closes the connection', async (_, bytes) => {
  const client = await RawClient.to({ path })
  client.send(bytes)
  expect(await client.next()).toBe('closed')
  expect(server.logged).toEqual([expect.stringContaining('its bytes are not understood')])
  await expectHealth()
})

test.each([
  ['a document that does not end', msgOf([bodySection(Buffer.from('0600000001', 'hex'))]), 22],
  ['a document that is longer than its message', msgOf([bodySection(int32(1000))]), 22],
  ['text that is not UTF-8', msgOf([bodySection(Buffer.from('0e00000002610002000000ff0000', 'hex'))]), 22],
  ['an unknown type', msgOf([bodySection(Buffer.from('0800000040610000', 'hex'))]), 22],
  ['documents nested too deep', msgOf([bodySection(deep(181))]), 15],
  ['documents nested much too deep', msgOf([bodySection(deep(100_000))]), 15],
  ['a document that is too large', msgOf([bodySection(Buffer.concat([int32(17_000_000), Buffer.alloc(100)]))]), 10334],
  ['no body', msgOf([]), 40587],
  ['an unknown section', msgOf([Buffer.of(9)]), 40432],
  ['a sequence that lies', msgOf([Buffer.of(1), int32(2 ** 31 - 1), Buffer.alloc(9)]), 16],
  ['a query for a command', query({ find: 'c' }), 352],
])('%s is refused, and the connection lives', async (_, bytes, code) => {
  const client = await RawClient.to({ path })
  client.send(bytes)
  expect(await client.document()).toMatchObject({ ok: 0, code })
  expect(await client.ask({ ping: 1 })).toMatchObject({ ok: 1 })
  await expectHealth()
})

test('a message that is cut anywhere waits for its rest, and goes with its client', async () => {
  const bytes = msg({ ping: 1 }, { flags: 1 })
  const clients = await Promise.all(Array.from(bytes, () => RawClient.to({ path })))
  for (const [size, client] of clients.entries()) client.socket.end(bytes.subarray(0, size))
  for (const client of clients) expect(await client.next()).toBe('closed')
  expect(server.logged).toEqual([])
  await expectHealth()
})

test('a message may come one byte at a time', async () => {
  const client = await RawClient.to({ path })
  for (const byte of Buffer.concat([msg({ ping: 1 }), msg({ ping: 2 })])) {
    await new Promise(resolve => client.socket.write(Uint8Array.of(byte), resolve))
  }
  expect(await client.document()).toMatchObject({ asked: { ping: 1 } })
  expect(await client.document()).toMatchObject({ asked: { ping: 2 } })
  await expectHealth()
})

test('the largest message is taken', async () => {
  const client = await RawClient.to({ path })
  const large = serialize({ text: 'x'.repeat(documentBytesMax - 16) })
  const others = [bodySection({ insert: 'c' }), sequenceSection('documents', [large, large])]
  const missing = messageBytesMax - msgOf(others).length
  const filler = serialize({ text: 'x'.repeat(missing - 16) })
  const bytes = msgOf([bodySection({ insert: 'c' }), sequenceSection('documents', [large, large, filler])])
  expect([large.length, bytes.length]).toEqual([documentBytesMax, messageBytesMax])
  client.send(bytes)
  expect(await client.document()).toMatchObject({ asked: { insert: 'c' } })
  await expectHealth()
})

/** Sends `chunks` and says goodbye. Resolves when the server has closed too. */
async function hurl(chunks: readonly Uint8Array[]): Promise<void> {
  const client = await RawClient.to({ path })
  for (const chunk of chunks) client.socket.write(chunk)
  client.socket.end()
  client.socket.resume()
  await client.closed
}

test('random bytes harm nobody', async () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 })
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 4 }), async chunks => {
      await hurl(chunks)
      expect(await witness.ask({ ping: 1 })).toMatchObject({ ok: 1 })
    }),
    { numRuns: 200 },
  )
  await expectHealth()
})

test('messages with some bytes changed harm nobody', async () => {
  const document = { insert: 'c', documents: [{ a: 'text', b: { c: [1, 2.5, null] } }] }
  const whole = fc.constantFrom(
    msg(document),
    msg(document, { flags: 1 }),
    msgOf([bodySection({ insert: 'c' }), sequenceSection('documents', [{ a: 1 }, { b: 'x' }])]),
    query({ isMaster: 1, client: { driver: { name: 'x' } } }),
    compressed(msg(document), 0, msg(document).subarray(16)),
  )
  const change = fc.record({ at: fc.nat(), to: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)) })
  await fc.assert(
    fc.asyncProperty(whole, fc.array(change, { maxLength: 3 }), async (bytes, changes) => {
      const damaged = Buffer.from(bytes)
      for (const { at, to } of changes) damaged[at % damaged.length] = to
      await hurl([msg({ ping: 1 }), damaged, msg({ ping: 2 })])
      expect(await witness.ask({ ping: 1 })).toMatchObject({ ok: 1 })
    }),
    { numRuns: 400 },
  )
  await expectHealth()
})
