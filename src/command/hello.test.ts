import { Binary, type Document, Long, ObjectId } from 'bson'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { ask, makeClient, messageOf, openServices, replyOf, type TestServices } from '../../test/services.ts'
import type { Client } from './command.ts'
import { command as hello } from './commands/hello.ts'
import { command as isMaster } from './commands/is-master.ts'
import { makeDispatch } from './dispatch.ts'

const dispatch = makeDispatch([hello, isMaster])
const metadata = { driver: { name: 'nodejs', version: '7' }, os: { type: 'Linux' }, application: { name: 'shop' } }

let env: ManualEnv
let services: TestServices
beforeAll(async () => {
  env = new ManualEnv()
  services = await openServices(env)
})
afterAll(() => services.close())

const reply = (document: Document, client = makeClient()) => ask(dispatch, services, document, client)
const topology = (counter = 0, processId: Uint8Array = services.facts.processId) => ({
  processId: new ObjectId(processId),
  counter: Long.fromNumber(counter),
})

test('hello tells of a primary that is alone in its set, in the server’s order', async () => {
  const answer = await reply({ hello: 1, helloOk: true })
  const fields = `
    helloOk topologyVersion hosts setName setVersion isWritablePrimary secondary primary me electionId lastWrite
    maxBsonObjectSize maxMessageSizeBytes maxWriteBatchSize localTime logicalSessionTimeoutMinutes connectionId
    minWireVersion maxWireVersion readOnly ok $clusterTime operationTime`
  expect(Object.keys(answer)).toEqual(fields.trim().split(/\s+/))
  expect(answer).toMatchObject({
    hosts: ['127.0.0.1:27017'],
    me: '127.0.0.1:27017',
    primary: '127.0.0.1:27017',
    setName: 'rs0',
    isWritablePrimary: true,
    secondary: false,
    maxWireVersion: 25,
    connectionId: 7,
    electionId: new ObjectId('7fffffff0000000000000001'),
  })
})

test('isMaster under each of its spellings says it in the old words', async () => {
  for (const name of ['isMaster', 'ismaster']) {
    const answer = await reply({ [name]: 1 })
    expect(answer).toMatchObject({ ismaster: true, setName: 'rs0' })
    expect(answer).not.toHaveProperty('isWritablePrimary')
    expect(answer).not.toHaveProperty('helloOk')
  }
})

test('each client finds us where it reached us, and all at the address that is advertised', async () => {
  expect((await reply({ hello: 1 }, makeClient({ reachedAt: 'localhost:1' }))).me).toBe('localhost:1')
  const facts = { ...services.facts, advertise: 'db.example:27017' }
  const answer = await ask(dispatch, { ...services, facts }, { hello: 1 })
  expect([answer.me, answer.primary, answer.hosts]).toEqual([
    'db.example:27017',
    'db.example:27017',
    ['db.example:27017'],
  ])
})

test.for<[unknown, unknown]>([
  [
    ['zlib', 'zstd', 'snappy'],
    ['zlib', 'snappy'],
  ],
  [['zstd'], []],
  [[], []],
  [undefined, undefined],
])('of the compressors %j those are agreed on: %j', async ([compression, agreed]) => {
  expect((await reply({ hello: 1, compression })).compression).toEqual(agreed)
})

test('what hello does not know it ignores, credentials without users too', async () => {
  const answer = await reply({
    hello: 1,
    saslSupportedMechs: 'admin.me',
    speculativeAuthenticate: { saslStart: 1 },
    backpressure: '2',
    loadBalanced: false,
    future: { x: 1 },
  })
  expect(answer.ok).toBe(1)
  expect(answer).not.toHaveProperty('speculativeAuthenticate')
})

test('a connection introduces its client once', async () => {
  const client: Client = makeClient()
  expect((await reply({ hello: 1, client: metadata }, client)).ok).toBe(1)
  expect(client.appName).toBe('shop')
  expect(replyOf(client.metadata ?? Buffer.alloc(0))).toEqual(metadata)
  expect((await reply({ hello: 1 }, client)).ok).toBe(1)
  expect(await reply({ hello: 1, client: metadata }, client)).toMatchObject({ code: 186 })
  expect(await reply({ hello: 1, client: {} })).toMatchObject({ code: 183 })
})

test.for<[string, (is: typeof topology) => Document, number]>([
  ['a version without a wait', is => ({ topologyVersion: is() }), 31368],
  ['a wait without a version', () => ({ maxAwaitTimeMS: 1 }), 31368],
  ['a negative counter', is => ({ topologyVersion: is(-1), maxAwaitTimeMS: 1 }), 31372],
  ['a negative wait', is => ({ topologyVersion: is(), maxAwaitTimeMS: -1 }), 31373],
  ['a version from the future', is => ({ topologyVersion: is(1), maxAwaitTimeMS: 1 }), 31382],
  ['a version that is none', () => ({ topologyVersion: { processId: 1 }, maxAwaitTimeMS: 1 }), 14],
  [
    'a version without its counter',
    is => ({ topologyVersion: { processId: is().processId }, maxAwaitTimeMS: 1 }),
    40414,
  ],
  ['compressors that are no list', () => ({ compression: 'zlib' }), 14],
])('%s is refused', async ([, fields, code]) => {
  expect(await reply({ hello: 1, ...fields(topology) })).toMatchObject({ ok: 0, code })
})

test('a client that knows the topology waits its time, one that knows another does not', async () => {
  let isAnswered = false
  const awaited = reply({ hello: 1, topologyVersion: topology(), maxAwaitTimeMS: 10_000 })
  void awaited.then(() => {
    isAnswered = true
  })
  await env.advance(9_999)
  expect(isAnswered).toBe(false)
  await env.advance(1)
  expect(await awaited).toMatchObject({ ok: 1, topologyVersion: { counter: 0n } })
  const others = topology(5, Buffer.alloc(12, 1))
  expect(await reply({ hello: 1, topologyVersion: others, maxAwaitTimeMS: 10_000 })).toMatchObject({ ok: 1 })
})

test('a streaming client gets a hello after each of its waits until it is gone', async () => {
  const gone = new AbortController()
  const message = messageOf(
    { hello: 1, topologyVersion: topology(5, Buffer.alloc(12, 1)), maxAwaitTimeMS: 10_000 },
    { exhaustAllowed: true },
  )
  let outcome = await dispatch(message, makeClient({ signal: gone.signal }), services)
  for (let round = 0; round < 3; round++) {
    if (outcome === 'close-connection' || outcome.next === undefined) throw new Error('the stream ended')
    const next = outcome.next()
    await env.advance(10_000)
    outcome = await next
  }
  if (outcome === 'close-connection' || outcome.next === undefined) throw new Error('the stream ended')
  const last = outcome.next()
  await env.yieldTurn()
  gone.abort()
  expect(await last).toMatchObject({ next: undefined })
  expect(services.operations.count).toBe(0)
})

test('a streaming client must say how long it waits', async () => {
  const outcome = await dispatch(messageOf({ hello: 1 }, { exhaustAllowed: true }), makeClient(), services)
  expect(outcome !== 'close-connection' && replyOf(outcome.document).code).toBe(51756)
})

test('hello with a session and a cluster time of elsewhere is answered', async () => {
  const lsid = { id: new Binary(Buffer.alloc(16, 1), 4) }
  expect((await reply({ hello: 1, lsid })).ok).toBe(1)
})
