import { deserialize, serialize } from 'bson'
import { expect, test } from 'vitest'
import { must } from '../base/assert.ts'
import { compressorIdOf, isCompressed, loadCompressors } from '../wire/compression.ts'
import { crc32c } from '../wire/crc32c.ts'
import { bodySection, compressed, msg, msgOf, query } from '../wire/request.suite.ts'
import type { ClientConnection, Handle, Outcome, Reply, Request } from './connection.ts'
import { echo, gate, reply, serve } from './raw-client.suite.ts'

const noReply = { flags: 2 }
const exhaust = { flags: 0x10000 }
const nameOf = ({ body }: Request) => Object.keys(deserialize(body))[0]
const text = (bytes: number) => 'x'.repeat(bytes)

test('a reply says which request it answers', async () => {
  const client = await (await serve(echo)).connect()
  client.send(msg({ ping: 1 }, { requestId: 41 }), msg({ ping: 2 }, { requestId: -2 }))
  const answers = [await client.next(), await client.next()]
  expect(answers).toMatchObject([
    { responseTo: 41, requestId: 1, opCode: 2013, flags: 0, document: { asked: { ping: 1, $db: 'test' } } },
    { responseTo: -2, requestId: 2, opCode: 2013, flags: 0, document: { asked: { ping: 2, $db: 'test' } } },
  ])
})

test('requests that come together are handled one after another, in their order', async () => {
  const order: string[] = []
  const { connect } = await serve(async request => {
    const { n } = deserialize(request.body)
    order.push(`begin ${n}`)
    await new Promise(resolve => setImmediate(resolve))
    order.push(`end ${n}`)
    return reply({ n })
  })
  const client = await connect()
  client.send(...[1, 2, 3].map(n => msg({ ping: 1, n })))
  for (const n of [1, 2, 3]) expect(await client.document()).toEqual({ n })
  expect(order).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3'])
})

test('while a request is handled and another one waits, nothing more is read', async () => {
  const first = gate()
  const { connect, counters } = await serve(async request => {
    if (nameOf(request) === 'wait') await first.promise
    return reply({ ok: 1 })
  })
  const [client, other] = [await connect(), await connect()]
  const large = msg({ ping: text(1_000_000) })
  client.send(msg({ wait: 1 }), ...Array.from({ length: 60 }, () => large))
  for (let turn = 0; turn < 300; turn++) await other.ask({ ping: 1 })
  expect(counters.network.bytesIn).toBeLessThan(10_000_000)
  first.open()
  for (let count = 0; count <= 60; count++) expect(await client.document()).toEqual({ ok: 1 })
})

test('a request with moreToCome is handled and not answered', async () => {
  const asked: (string | undefined)[] = []
  const { connect } = await serve(request => {
    asked.push(nameOf(request), request.moreToCome ? 'no reply' : 'reply')
    return reply({ ok: 1 })
  })
  const client = await connect()
  client.send(msg({ insert: 1 }, noReply), msg({ ping: 1 }, { requestId: 9 }))
  expect(await client.next()).toMatchObject({ responseTo: 9, requestId: 1 })
  expect(asked).toEqual(['insert', 'no reply', 'ping', 'reply'])
})

test('what a client wrote without waiting is done although it has left', async () => {
  const last = gate()
  const asked: unknown[] = []
  const { connect } = await serve(async ({ body }, { signal }) => {
    await new Promise(resolve => setImmediate(resolve))
    const { insert } = deserialize(body)
    asked.push([insert, signal.aborted])
    if (insert === 99) last.open()
    return reply({ ok: 1 })
  })
  const client = await connect()
  client.socket.end(Buffer.concat(Array.from({ length: 100 }, (_, insert) => msg({ insert }, noReply))))
  await last.promise
  await client.closed
  expect(asked).toEqual(Array.from({ length: 100 }, (_, insert) => [insert, false]))
})

test('the signal fires when the client leaves while it waits', async () => {
  const aborted = gate<unknown>()
  const begun = gate()
  const { connect, logged } = await serve((_request, { signal }) => {
    begun.open()
    return new Promise<Reply>(resolve => {
      signal.addEventListener('abort', () => {
        aborted.open(signal.reason)
        resolve(reply({ ok: 0 }))
      })
    })
  })
  const client = await connect()
  client.send(msg({ getMore: 1 }))
  await begun.promise
  client.socket.destroy()
  expect(await aborted.promise).toMatchObject({ codeName: 'ClientDisconnect' })
  expect(logged).toEqual([])
})

test('the signal fires when a client leaves that asked nothing', async () => {
  const fired = gate()
  const { connect } = await serve((_request, { signal }) => {
    signal.addEventListener('abort', () => fired.open())
    return reply({ ok: 1 })
  })
  const client = await connect()
  await client.ask({ ping: 1 })
  client.socket.end()
  await fired.promise
})

test.each([
  [
    'throws',
    () => {
      throw new Error('oh')
    },
  ],
  ['rejects', () => Promise.reject(new Error('oh'))],
] as [string, Handle][])('a handler that %s closes its connection and no other', async (_, fail) => {
  const { connect, logged } = await serve((request, client) =>
    nameOf(request) === 'fail' ? fail(request, client) : reply({ ok: 1 }),
  )
  const [client, other] = [await connect(), await connect()]
  client.send(msg({ fail: 1 }))
  expect(await client.next()).toBe('closed')
  expect(await other.ask({ ping: 1 })).toEqual({ ok: 1 })
  expect(logged).toEqual(['the connection is closed: its request was not answered: oh'])
})

test.each([
  ['a request', {}],
  ['a request that wants no reply', noReply],
])('a handler may close the connection instead of answering: %s', async (_, options) => {
  const { connect, logged } = await serve(() => 'close-connection')
  const client = await connect()
  client.send(msg({ ping: 1 }, options))
  expect(await client.next()).toBe('closed')
  expect(logged).toEqual([])
})

/** Replies numbered from 0, the last one `count`. */
function numbered(count: number, calls: number[] = []): Handle {
  const at = (n: number): Outcome => {
    calls.push(n)
    return reply({ n }, n < count ? () => at(n + 1) : undefined)
  }
  return request => (nameOf(request) === 'hello' ? at(0) : reply({ ok: 1 }))
}

test('replies of an exhaust command follow each other, each answering the one before', async () => {
  const client = await (await serve(numbered(3))).connect()
  client.send(msg({ hello: 1 }, { ...exhaust, requestId: 50 }))
  const answers = []
  for (let n = 0; n <= 3; n++) answers.push(await client.next())
  expect(answers).toMatchObject([
    { document: { n: 0 }, flags: 2, responseTo: 50, requestId: 1 },
    { document: { n: 1 }, flags: 2, responseTo: 1, requestId: 2 },
    { document: { n: 2 }, flags: 2, responseTo: 2, requestId: 3 },
    { document: { n: 3 }, flags: 0, responseTo: 3, requestId: 4 },
  ])
  expect(await client.ask({ ping: 1 })).toEqual({ ok: 1 })
})

test('a client that does not allow more replies gets one, and nobody makes another', async () => {
  const calls: number[] = []
  const client = await (await serve(numbered(3, calls))).connect()
  client.send(msg({ hello: 1 }))
  expect(await client.next()).toMatchObject({ document: { n: 0 }, flags: 0 })
  expect(await client.ask({ ping: 1 })).toEqual({ ok: 1 })
  expect(calls).toEqual([0])
})

test('an exhaust command may end by closing the connection', async () => {
  const client = await (await serve(() => reply({ ok: 1 }, () => 'close-connection'))).connect()
  client.send(msg({ hello: 1 }, exhaust))
  expect(await client.next()).toMatchObject({ flags: 2 })
  expect(await client.next()).toBe('closed')
})

test('an endless stream of ready replies holds nobody up, and ends with its client', async () => {
  const gone = gate<number>()
  let made = 0
  const again = (client: ClientConnection): Outcome => {
    made++
    if (made === 1) client.signal.addEventListener('abort', () => gone.open(made))
    return reply({ made }, () => again(client))
  }
  const { connect } = await serve((request, client) => (nameOf(request) === 'hello' ? again(client) : reply({ ok: 1 })))
  const [client, other] = [await connect(), await connect()]
  client.send(msg({ hello: 1 }, exhaust))
  for (let turn = 0; turn < 50; turn++) {
    expect(await other.ask({ ping: 1 })).toEqual({ ok: 1 })
    expect(await client.next()).toMatchObject({ document: { made: turn + 1 }, flags: 2 })
  }
  client.socket.destroy()
  const madeAtEnd = await gone.promise
  for (let turn = 0; turn < 20; turn++) await other.ask({ ping: 1 })
  expect(made).toBe(madeAtEnd)
})

test('nothing more is made for a client that does not take what it was sent', async () => {
  let made = 0
  const document = serialize({ text: text(1_000_000) })
  const again = (): Outcome => {
    made++
    return { document, next: made < 40 ? again : undefined }
  }
  const { connect } = await serve(request => (nameOf(request) === 'hello' ? again() : reply({ ok: 1 })))
  const [client, other] = [await connect(), await connect()]
  client.socket.pause()
  client.send(msg({ hello: 1 }, exhaust))
  for (let turn = 0; turn < 300; turn++) await other.ask({ ping: 1 })
  expect(made).toBeLessThan(20)
  client.socket.resume()
  for (let count = 0; count < 40; count++) expect((await client.document())['text'].length).toBe(1_000_000)
})

test('a client that leaves while it is being sent something is let go', async () => {
  const gone = gate()
  const document = serialize({ text: text(16_000_000) })
  const { connect, listener } = await serve((_request, { signal }) => {
    signal.addEventListener('abort', () => gone.open())
    return { document }
  })
  const client = await connect()
  client.socket.pause()
  client.send(msg({ ping: 1 }))
  client.socket.destroy()
  await gone.promise
  await listener.close({ waitMs: 1000 })
  expect(listener.connectionCount).toBe(0)
})

test('the largest reply arrives whole', async () => {
  const document = serialize({ text: text(16 * 1024 * 1024) })
  const client = await (await serve(() => ({ document }))).connect()
  client.send(msg({ ping: 1 }, { flags: 1 }))
  const answer = await client.next()
  if (answer === 'closed') throw new Error(answer)
  expect(Buffer.compare(answer.bytes.subarray(21, -4), document)).toBe(0)
  expect(answer.bytes.readUInt32LE(answer.bytes.length - 4)).toBe(crc32c(answer.bytes.subarray(0, -4)))
})

test('a hello that comes as a query is answered as one', async () => {
  const { connect } = await serve(request => reply({ isQuery: request.isQuery, ...deserialize(request.body) }))
  const client = await connect()
  client.send(query({ isMaster: 1, helloOk: true }, { requestId: 12 }))
  expect(await client.next()).toMatchObject({
    opCode: 1,
    responseTo: 12,
    document: { isQuery: true, isMaster: 1, helloOk: true, $db: 'admin' },
  })
})

test('another command that comes as a query is refused as one, and the connection lives', async () => {
  const client = await (await serve(echo)).connect()
  client.send(query({ find: 'c' }))
  expect(await client.next()).toMatchObject({
    opCode: 1,
    document: { ok: 0, code: 352, codeName: 'UnsupportedOpQueryCommand' },
  })
  expect(await client.ask({ ping: 1 })).toMatchObject({ ok: 1 })
})

test('what is wrong inside a message is answered, unless no reply is wanted', async () => {
  const client = await (await serve(echo)).connect()
  const broken = bodySection(Buffer.from('0600000001', 'hex'))
  client.send(msgOf([broken], { requestId: 1 }), msgOf([broken], noReply), msgOf([], { requestId: 3 }))
  expect(await client.next()).toMatchObject({ responseTo: 1, document: { ok: 0, code: 22, codeName: 'InvalidBSON' } })
  expect(await client.next()).toMatchObject({ responseTo: 3, document: { ok: 0, code: 40587 } })
  expect(await client.ask({ ping: 1 })).toMatchObject({ ok: 1 })
})

test('a reply is packed as its request was, and hello never', async () => {
  const compressors = await loadCompressors()
  const { connect } = await serve(() => reply({ text: text(5000) }))
  const client = await connect()
  const packedAs = async (command: object, id: number) => {
    const plain = msg({ ...command, text: text(5000) })
    const wrapped = await compressors.wrap([plain], id)
    client.send(...wrapped)
    const answer = await client.next()
    if (answer === 'closed') throw new Error(answer)
    if (!isCompressed(answer.bytes)) return 'plain'
    const unpacked = Buffer.from(await compressors.unwrap(answer.bytes))
    expect(deserialize(unpacked.subarray(21))).toEqual({ text: text(5000) })
    return compressorIdOf(answer.bytes)
  }
  for (const id of [0, 1, 2]) expect([id, await packedAs({ find: 'c' }, id)]).toEqual([id, id])
  for (const name of ['hello', 'isMaster', 'saslStart']) expect(await packedAs({ [name]: 1 }, 2)).toBe('plain')
})

test('a packed message that cannot be unpacked closes its connection', async () => {
  const { connect, logged } = await serve(echo)
  const client = await connect()
  client.send(compressed(msg({ ping: 1 }), 2, Buffer.from('no zlib')))
  expect(await client.next()).toBe('closed')
  expect(logged).toEqual([
    'the connection is closed: its bytes are not understood: a compressed message cannot be unpacked',
  ])
})

test('the handler is told who asks, and may remember something about it', async () => {
  const seen: ClientConnection[] = []
  const { connect, listener } = await serve((_request, client) => {
    client.appName ??= `app ${client.connectionId}`
    seen.push(client)
    return reply({ appName: client.appName })
  })
  const [first, second] = [await connect(), await connect()]
  for (let turn = 0; turn < 2; turn++) {
    expect(await first.ask({ ping: 1 })).toEqual({ appName: 'app 1' })
    expect(await second.ask({ ping: 1 })).toEqual({ appName: 'app 2' })
  }
  expect(must(seen[0], 'a request')).toMatchObject({
    connectionId: 1,
    reachedAt: `127.0.0.1:${listener.port}`,
    remoteAddress: `127.0.0.1:${first.socket.localPort}`,
  })
})

test('what goes over the wire is counted', async () => {
  const { connect, counters } = await serve(echo)
  const client = await connect()
  const request = msg({ ping: 1 })
  client.send(request, msg({ ping: 1 }, noReply), request)
  const bytesOut = [await client.next(), await client.next()].map(answer => answer !== 'closed' && answer.bytes.length)
  expect(counters.network).toEqual({
    requests: 3,
    bytesIn: 3 * request.length,
    bytesOut: Number(bytesOut[0]) + Number(bytesOut[1]),
  })
})
