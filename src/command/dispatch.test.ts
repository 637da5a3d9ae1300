import { Binary, type Document, Long, serialize, Timestamp } from 'bson'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { ask, makeClient, messageOf, openServices, replyOf, type TestServices } from '../../test/services.ts'
import { Bug } from '../base/assert.ts'
import { type CodeName, CommandError, StorageFailed } from '../base/errors.ts'
import { command as configureFailPoint } from './commands/configure-fail-point.ts'
import { Sessions } from '../session/sessions.ts'
import type { Command, CommandContext } from './command.ts'
import { makeDispatch } from './dispatch.ts'

const lsid = { id: new Binary(Buffer.alloc(16, 3), 4) }
const txn = { lsid, txnNumber: Long.fromNumber(1) }

/** The commands of these tests; what they throw, and what they saw, is told from outside. */
const thrown = new Map<string, unknown>()
let seen: CommandContext | undefined

const member = (name: string, more: Partial<Command> = {}): Command => ({
  name,
  run(_request, context) {
    seen = context
    const error = thrown.get(name)
    if (error !== undefined) throw error
    return { n: 1 }
  },
  ...more,
})

const dispatch = makeDispatch([
  configureFailPoint,
  member('read', { aliases: ['READ'], inApiVersion1: true }),
  member('write', { retryable: true, countsItself: true }),
  member('commits', {
    retryable: true,
    async run(_request, { store }) {
      await store.engine.write(transaction => transaction.append(Buffer.from('entry')))
      return {}
    },
  }),
  member('first', { transactional: 'any statement' }),
  member('later', { transactional: 'later statement' }),
  member('manage', { adminOnly: true }),
  member('commit', { endsTransaction: true, adminOnly: true }),
  member('stream', {
    run(_request, { operation }) {
      operation.isChangeStream = true
      throw thrown.get('stream')
    },
  }),
  member('hang', {
    async run(_request, { operation }) {
      await new Promise(resolve => operation.signal.addEventListener('abort', resolve))
      throw operation.signal.reason
    },
  }),
  member('countDown', {
    run(_request, { operation }) {
      let left = 3
      const next = () => {
        if (--left === 0) operation.repeat = undefined
        return { left }
      }
      operation.repeat = next
      return next()
    },
  }),
])

let env: ManualEnv
let services: TestServices
beforeAll(async () => {
  env = new ManualEnv()
  services = await openServices(env)
})
afterAll(() => services.close())

const reply = (document: Document, client = makeClient()) => ask(dispatch, services, document, client)
async function failure(document: Document, error?: unknown): Promise<Document> {
  const [name = ''] = Object.keys(document)
  thrown.set(name, error)
  const { ok, errmsg, code, codeName, ...more } = await reply(document)
  thrown.delete(name)
  expect([ok, typeof errmsg, typeof code]).toEqual([0, 'string', 'number'])
  return { codeName, ...more }
}

test('a reply is the command’s fields, ok as a double, and the time of the newest commit twice', async () => {
  const outcome = await dispatch(messageOf({ read: 1 }), makeClient(), services)
  const document = outcome === 'close-connection' ? Buffer.alloc(0) : outcome.document
  const { time } = services.store.engine.log.newest
  const now = new Timestamp(Long.fromBigInt(time))
  expect(replyOf(document)).toEqual({
    n: 1,
    ok: 1,
    $clusterTime: { clusterTime: now, signature: { hash: new Binary(Buffer.alloc(20)), keyId: 0n } },
    operationTime: now,
  })
  expect(Object.keys(replyOf(document))).toEqual(['n', 'ok', '$clusterTime', 'operationTime'])
  expect(Buffer.from(document).includes(Buffer.from('\x01ok\0'))).toBe(true)
  expect(time).toBeGreaterThan(0n)
})

test('an error is a reply with its words, code, name and details, in the server’s order', async () => {
  thrown.set('read', new CommandError('DuplicateKey', 'E11000', { details: { keyValue: { a: 1 } }, labels: ['Mine'] }))
  const { $clusterTime, operationTime, ...fields } = await reply({ read: 1 })
  thrown.delete('read')
  expect(Object.entries(fields)).toEqual([
    ['ok', 0],
    ['errmsg', 'E11000'],
    ['code', 11000],
    ['codeName', 'DuplicateKey'],
    ['keyValue', { a: 1 }],
    ['errorLabels', ['Mine']],
  ])
  expect([$clusterTime, operationTime]).not.toContain(undefined)
})

test('a command goes by each of its names and by no other', async () => {
  expect(await reply({ READ: 1 })).toMatchObject({ ok: 1 })
  expect(await reply({ Read: 1 })).toMatchObject({ code: 59, errmsg: `no such command: 'Read'` })
  expect(await reply({})).toMatchObject({ code: 59 })
})

test.for<[Document, CodeName]>([
  [{ manage: 1, $db: 'test' }, 'Unauthorized'],
  [{ read: 1, $db: 'a.b' }, 'InvalidNamespace'],
  [{ read: 1, $db: '' }, 'InvalidNamespace'],
  [{ write: 1, apiVersion: '1', apiStrict: true }, 'APIStrictError'],
  [{ read: 1, ...txn }, 'NotARetryableWriteCommand'],
  [{ read: 1, ...txn, autocommit: false, startTransaction: true, $db: 'test' }, 'OperationNotSupportedInTransaction'],
  [{ later: 1, ...txn, autocommit: false, startTransaction: true, $db: 'test' }, 'OperationNotSupportedInTransaction'],
  [{ commit: 1, ...txn, autocommit: false, startTransaction: true }, 'OperationNotSupportedInTransaction'],
  [{ first: 1, ...txn, autocommit: false, startTransaction: true }, 'OperationNotSupportedInTransaction'],
  [{ first: 1, ...txn, autocommit: false, startTransaction: true, $db: 'local' }, 'OperationNotSupportedInTransaction'],
  [{ first: 1, ...txn, autocommit: false, readConcern: { level: 'local' }, $db: 'test' }, 'InvalidOptions'],
  [
    { first: 1, ...txn, autocommit: false, startTransaction: true, readConcern: { level: 'available' }, $db: 'test' },
    'InvalidOptions',
  ],
  [{ first: 1, ...txn, autocommit: false, writeConcern: { w: 1 }, $db: 'test' }, 'InvalidOptions'],
  [{ first: 1, ...txn, autocommit: false, $db: 'test' }, 'NoSuchTransaction'],
  [{ read: 1, readConcern: { level: 'snapshot' } }, 'InvalidOptions'],
])('%j is refused: %s', async ([document, codeName]) => {
  expect((await failure(document)).codeName).toBe(codeName)
})

test.for<[Document]>([
  [{ read: 1, apiVersion: '1', apiStrict: true }],
  [{ write: 1, ...txn }],
  [{ commit: 1, ...txn, autocommit: false }],
  [{ read: 1, readConcern: { level: 'majority', afterClusterTime: new Timestamp({ t: 1, i: 1 }) } }],
])('%j is run', async ([document]) => {
  expect((await reply(document)).ok).toBe(1)
})

test('a command sees its session, its number and its time', async () => {
  await reply({ write: 1, ...txn, maxTimeMS: 5, readConcern: { level: 'majority' } })
  expect(seen?.operation).toMatchObject({ maxTimeMs: 5, readConcernLevel: 'majority', exhaustAllowed: false })
  expect(seen?.operation.retryable?.txnNumber).toBe(1n)
  expect(services.sessions.count).toBe(1)
  expect(services.operations.count).toBe(0)
})

test('whatever is thrown becomes a reply, and what is nobody’s refusal is logged', async () => {
  expect((await failure({ read: 1 }, new StorageFailed('the disk said no'))).codeName).toBe('OperationFailed')
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' })
  expect((await failure({ read: 1 }, new StorageFailed('no', { cause: full }))).codeName).toBe('OutOfDiskSpace')
  const linesBefore = services.log.count
  expect((await failure({ read: 1 }, new Bug('assertion failed'))).codeName).toBe('InternalError')
  expect((await failure({ read: 1 }, 'not even an error')).codeName).toBe('InternalError')
  expect(services.log.count).toBe(linesBefore + 2)
  expect(services.log.lines.at(-2)?.fields).toMatchObject({ command: 'read', err: expect.any(Bug) })
})

test('an error in a change stream is labelled, one before it was known to be one is not', async () => {
  const error = new CommandError('HostUnreachable', 'gone')
  expect((await failure({ stream: 1 }, error)).errorLabels).toEqual(['ResumableChangeStreamError'])
  expect((await failure({ read: 1 }, error)).errorLabels).toBeUndefined()
  await reply({
    configureFailPoint: 'failCommand',
    mode: { times: 1 },
    data: { failCommands: ['stream'], errorCode: 6 },
  })
  expect((await failure({ stream: 1 }, error)).errorLabels).toBeUndefined()
})

test('what a write concern asks in vain stands beside what the write did', async () => {
  expect(await reply({ write: 1, writeConcern: { w: 2 } })).toMatchObject({
    n: 1,
    ok: 1,
    writeConcernError: { code: 100, codeName: 'UnsatisfiableWriteConcern' },
  })
  expect(await reply({ write: 1, writeConcern: { w: 'backups' } })).toMatchObject({ writeConcernError: { code: 79 } })
  expect(await reply({ write: 1, writeConcern: { w: 'majority' } })).not.toHaveProperty('writeConcernError')
})

test('a command that waits past maxTimeMS fails with it, and one whose client leaves is not answered for ever', async () => {
  const timed = reply({ hang: 1, maxTimeMS: 100 })
  await env.advance(100)
  expect(await timed).toMatchObject({ codeName: 'MaxTimeMSExpired' })
  const gone = new AbortController()
  const left = reply({ hang: 1 }, makeClient({ signal: gone.signal }))
  await env.yieldTurn()
  gone.abort()
  expect(await left).toMatchObject({ codeName: 'ClientDisconnect' })
  expect([services.operations.count, env.timerCount]).toEqual([0, expect.any(Number)])
})

test('a read of a state that is not there yet waits for it, and gives up after a second', async () => {
  const { time } = services.store.engine.log.newest
  const afterClusterTime = new Timestamp(Long.fromBigInt(time + 1n))
  const never = reply({ read: 1, readConcern: { afterClusterTime } })
  await env.advance(1000)
  expect(await never).toMatchObject({ codeName: 'InvalidOptions' })
  const soon = reply({ read: 1, readConcern: { afterClusterTime } })
  await env.yieldTurn()
  await services.store.engine.write(transaction => transaction.append(Buffer.from('entry')))
  expect(await soon).toMatchObject({ ok: 1 })
})

test('a client that takes several replies gets them one by one until there is no next', async () => {
  const lefts: unknown[] = []
  let outcome = await dispatch(messageOf({ countDown: 1 }, { exhaustAllowed: true }), makeClient(), services)
  while (outcome !== 'close-connection') {
    lefts.push(replyOf(outcome.document).left)
    expect(services.operations.count).toBe(0)
    if (outcome.next === undefined) break
    outcome = await outcome.next()
  }
  expect(lefts).toEqual([2, 1, 0])
  const only = await dispatch(messageOf({ countDown: 1 }), makeClient(), services)
  expect(only).toMatchObject({ next: undefined })
})

test('when another reply cannot begin, its client is told so, and nothing goes on running', async () => {
  const sessions = new Sessions(env, () => undefined, { countMax: 1 })
  const few = { ...services, sessions }
  const first = await dispatch(messageOf({ countDown: 1, lsid }, { exhaustAllowed: true }), makeClient(), few)
  if (first === 'close-connection' || first.next === undefined) throw new Error('there is no next reply')
  sessions.end(lsid.id.buffer)
  sessions.touch(Buffer.alloc(16, 4))
  const outcome = await first.next()
  expect(outcome !== 'close-connection' && replyOf(outcome.document).codeName).toBe('TooManyLogicalSessions')
  expect(services.operations.count).toBe(0)
  sessions.close()
})

test('only hello may come as a legacy query', async () => {
  const outcome = await dispatch(messageOf({ read: 1 }, { isQuery: true }), makeClient(), services)
  expect(outcome !== 'close-connection' && replyOf(outcome.document).code).toBe(352)
})

test('a document sequence that comes twice is refused', async () => {
  const sequences = [1, 2].map(() => ({ identifier: 'documents', documents: [serialize({})] }))
  const outcome = await dispatch(messageOf({ write: 1 }, { sequences }), makeClient(), services)
  expect(outcome !== 'close-connection' && replyOf(outcome.document).code).toBe(40413)
})

test('commands are counted by their kind, and errors too', async () => {
  const { operations, errors } = services.counters
  const [commandsBefore, errorsBefore] = [operations.command, errors.user]
  await reply({ read: 1 })
  await reply({ write: 1 })
  await reply({ nothing: 1 })
  expect([operations.command - commandsBefore, errors.user - errorsBefore]).toEqual([1, 1])
})

/** What becomes of a command while failCommand is set like that. */
async function suffer(data: Document, document: Document): Promise<Document | 'close-connection'> {
  await reply({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data })
  const outcome = await dispatch(messageOf(document), makeClient({ appName: 'shop' }), services)
  await reply({ configureFailPoint: 'failCommand', mode: 'off' })
  return outcome === 'close-connection' ? outcome : replyOf(outcome.document)
}

test.for<[Document, Document, object | string]>([
  [{ failCommands: ['read'], errorCode: 10107 }, { read: 1 }, { code: 10107, codeName: 'NotWritablePrimary' }],
  [{ failCommands: ['read'], errorCode: 12345 }, { read: 1 }, { code: 12345, codeName: 'Location12345' }],
  [{ failCommands: ['write'], errorCode: 6 }, { read: 1 }, { ok: 1 }],
  [{ failCommands: ['read'], closeConnection: true, errorCode: 6 }, { read: 1 }, 'close-connection'],
  [{ failCommands: ['configureFailPoint'], errorCode: 6 }, { read: 1 }, { ok: 1 }],
  [{ failCommands: ['read'], errorCode: 6, appName: 'other' }, { read: 1 }, { ok: 1 }],
  [{ failCommands: ['read'], errorCode: 6, appName: 'shop' }, { read: 1 }, { code: 6 }],
  [
    { failCommands: ['write'], errorCode: 91 },
    { write: 1, ...txn },
    { errorLabels: ['RetryableWriteError', 'NoWritesPerformed'] },
  ],
  [{ failCommands: ['write'], errorCode: 91, errorLabels: [] }, { write: 1, ...txn }, { errorLabels: [] }],
  [{ failCommands: ['write'], errorCode: 2, errorLabels: ['Mine'] }, { write: 1, ...txn }, { errorLabels: ['Mine'] }],
  [
    { failCommands: ['write'], writeConcernError: { code: 91, errmsg: 'going down' } },
    { write: 1, ...txn },
    { n: 1, ok: 1, writeConcernError: { code: 91 }, errorLabels: ['RetryableWriteError'] },
  ],
])('with failCommand %j, %j gives %j', async ([data, document, expected]) => {
  const outcome = await suffer(data, document)
  if (typeof expected === 'string') expect(outcome).toBe(expected)
  else expect(outcome).toMatchObject(expected)
})

test('a not-primary error tells how old our knowledge is', async () => {
  const outcome = await suffer({ failCommands: ['read'], errorCode: 10107 }, { read: 1 })
  expect(outcome).toMatchObject({ topologyVersion: { counter: 0n } })
})

test('a blocked command runs when its time is over', async () => {
  const blocked = suffer({ failCommands: ['read'], blockConnection: true, blockTimeMS: 500 }, { read: 1 })
  seen = undefined
  await env.advance(499)
  expect(seen).toBeUndefined()
  await env.advance(1)
  expect(await blocked).toMatchObject({ ok: 1 })
})

test('a retryable write can lose its connection when it has committed something', async () => {
  const send = () => dispatch(messageOf({ commits: 1, ...txn }), makeClient(), services)
  await reply({ configureFailPoint: 'onPrimaryTransactionalWrite', mode: { times: 1 } })
  expect(await reply({ write: 1, ...txn })).toMatchObject({ ok: 1 })
  expect(await send()).toBe('close-connection')
  expect(await send()).not.toBe('close-connection')
})

test('a failure of the storage is no bug, and is logged once although every write is refused for it', async () => {
  const failing = await openServices()
  thrown.set('read', new StorageFailed('the disk is full', { isDiskFull: true }))
  for (let count = 0; count < 3; count++) {
    expect(await ask(dispatch, failing, { read: 1 })).toMatchObject({ codeName: 'OutOfDiskSpace' })
  }
  thrown.set('read', new Bug('impossible'))
  expect(await ask(dispatch, failing, { read: 1 })).toMatchObject({ codeName: 'InternalError' })
  thrown.delete('read')
  expect(failing.counters.errors).toEqual({ user: 4, bugs: 1, failures: 3 })
  expect(failing.log.lines.map(({ message }) => message)).toEqual([
    'the storage failed',
    'a command failed that should not',
  ])
  await failing.close()
})
