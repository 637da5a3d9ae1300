/** The commands around the data: what tools, shells and drivers ask beside reading and writing. */
import { Binary, type Document } from 'bson'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { ask, makeClient, openServices, type TestServices } from '../../test/services.ts'
import type { Command } from './command.ts'
import { dispatch as dispatchAll, makeDispatch } from './dispatch.ts'

let env: ManualEnv
let services: TestServices
beforeAll(async () => {
  env = new ManualEnv()
  services = await openServices(env)
})
afterAll(() => services.close())

const reply = (document: Document) => ask(dispatchAll, services, document)

test.for<[Document, Document]>([
  [{ ping: 1 }, { ok: 1 }],
  [{ buildInfo: 1 }, { version: '8.0.16', versionArray: [8, 0, 16, 0], modules: [], tailrace: { version: '0.1.0' } }],
  [{ buildinfo: 1 }, { version: '8.0.16' }],
  [{ hostInfo: 1 }, { system: { cpuAddrSize: 64 } }],
  [{ getParameter: 1, featureCompatibilityVersion: 1 }, { featureCompatibilityVersion: { version: '8.0' } }],
  [{ getParameter: 1, authenticationMechanisms: 1, comment: 'x' }, { authenticationMechanisms: [] }],
  [{ getParameter: '*' }, { enableTestCommands: true, requireApiVersion: false }],
  [{ getParameter: { allParameters: true } }, { enableTestCommands: true }],
  [
    { getParameter: { showDetails: true }, enableTestCommands: 1 },
    { enableTestCommands: { value: true, settableAtRuntime: false, settableAtStartup: true } },
  ],
  [
    { getParameter: 1, nothing: 1 },
    { code: 72, errmsg: 'no option found to get' },
  ],
  [{ getParameter: 1 }, { code: 72 }],
  [
    { setParameter: 1, requireApiVersion: false },
    { was: false, ok: 1 },
  ],
  [{ setParameter: 1, requireApiVersion: true }, { code: 20 }],
  [{ setParameter: 1, nothing: 1 }, { code: 72 }],
  [{ setParameter: 1 }, { code: 72 }],
  [{ connectionStatus: 1 }, { authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] } }],
  [{ connectionStatus: 1, showPrivileges: true }, { authInfo: { authenticatedUserPrivileges: [] } }],
  [{ getLog: '*' }, { names: ['global', 'startupWarnings'] }],
  [{ getLog: 'startupWarnings' }, { totalLinesWritten: 0, log: [] }],
  [{ getLog: 'other' }, { code: 96 }],
  [{ whatsmyuri: 1 }, { you: '127.0.0.1:50000' }],
  [{ getCmdLineOpts: 1 }, { argv: expect.any(Array), parsed: {} }],
  [{ listCommands: 1 }, { commands: { ping: { adminOnly: false, apiVersions: ['1'] } } }],
  [{ features: 1 }, { ok: 1 }],
  [{ replSetGetStatus: 1 }, { set: 'rs0', myState: 1, members: [{ stateStr: 'PRIMARY', name: '127.0.0.1:27017' }] }],
  [{ replSetGetConfig: 1 }, { config: { _id: 'rs0', members: [{ _id: 0, host: '127.0.0.1:27017' }] } }],
  [{ replSetInitiate: {} }, { code: 23, errmsg: 'already initialized' }],
  [{ replSetReconfig: { _id: 'other' }, force: true }, { code: 238 }],
  [{ commitTransaction: 1 }, { code: 125, codeName: 'CommandFailed' }],
  [{ abortTransaction: 1 }, { code: 125 }],
  [{ killOp: 1, op: 99 }, { info: 'attempting to kill op' }],
  [{ killOp: 1 }, { code: 40414 }],
  [{ fsync: 1 }, { numFiles: 1 }],
  [{ fsync: 1, lock: true }, { code: 238 }],
  [{ profile: -1 }, { was: 0 }],
  [{ profile: 0 }, { was: 0 }],
  [{ profile: 2 }, { code: 238 }],
  [{ getDefaultRWConcern: 1 }, { defaultWriteConcern: { w: 'majority' } }],
  [{ logout: 1 }, { ok: 1 }],
  [{ usersInfo: 1 }, { users: [] }],
  [{ usersInfo: { forAllDBs: true }, showPrivileges: false }, { users: [] }],
  [{ rolesInfo: 1 }, { roles: [] }],
  [{ rolesInfo: 1, showBuiltinRoles: true }, { roles: [] }],
  [{ planCacheClear: 'c' }, { ok: 1 }],
  [{ atlasVersion: 1 }, { code: 59, codeName: 'CommandNotFound' }],
  [{ getFreeMonitoringStatus: 1 }, { code: 59 }],
  [{ shutdown: 1 }, { code: 115 }],
  [{ ping: 1, other: 1 }, { code: 40415 }],
  [{ configureFailPoint: 'nothing', mode: 'off' }, { code: 95 }],
])('%j gives %j', async ([document, expected]) => {
  expect(await reply(document)).toMatchObject(expected)
})

test.for(['getParameter', 'getLog', 'replSetGetStatus', 'shutdown', 'configureFailPoint', 'killOp', 'currentOp'])(
  '%s is for the admin database only',
  async name => {
    expect(await reply({ [name]: 1, $db: 'test' })).toMatchObject({ code: 13 })
  },
)

test('the configuration that was given can be given back', async () => {
  const { config } = await reply({ replSetGetConfig: 1 })
  expect(await reply({ replSetReconfig: { ...config, version: 2 }, force: true })).toMatchObject({ ok: 1 })
})

test('the log can be read, with what its lines carry', async () => {
  services.log.error({ err: new Error('no luck'), count: 5n }, 'something failed')
  const { log, totalLinesWritten } = await reply({ getLog: 'global' })
  expect(totalLinesWritten).toBe(log.length)
  const { msg, s, attr } = JSON.parse(log.at(-1))
  expect([msg, s, attr.count]).toEqual(['something failed', 'E', '5'])
  expect(attr.err).toContain('no luck')
})

test('serverStatus has its sections, but those that are not wanted', async () => {
  const status = await reply({ serverStatus: 1, repl: 0, metrics: false, mem: 1 })
  expect(status).toMatchObject({
    version: '8.0.16',
    connections: { current: 0, active: 1 },
    storageEngine: { name: 'memory', persistent: false },
    opcounters: { command: expect.any(Number) },
    mem: { bits: 64 },
  })
  expect(status).not.toHaveProperty('repl')
  expect(status).not.toHaveProperty('metrics')
  expect((await reply({ serverStatus: 1 })).repl).toMatchObject({ setName: 'rs0', isWritablePrimary: true })
})

test('shutdown answers and then stops the program, where there is one', async () => {
  let isAsked = false
  const program = {
    ...services,
    requestShutdown: () => {
      isAsked = true
    },
  }
  expect(await ask(dispatchAll, program, { shutdown: 1, force: true, timeoutSecs: 1 })).toMatchObject({ ok: 1 })
  expect(isAsked).toBe(true)
})

test('fail points are not there unless the server was started for tests', async () => {
  const parameters = Object.assign(Object.create(services.facts.parameters), { enableTestCommands: false })
  const plain = { ...services, facts: { ...services.facts, parameters } }
  const answer = await ask(dispatchAll, plain, { configureFailPoint: 'failCommand', mode: 'off' })
  expect(answer).toMatchObject({ code: 59, errmsg: `no such command: 'configureFailPoint'` })
})

const lsid = (number: number) => ({ id: new Binary(Buffer.alloc(16, number), 4) })

test('sessions begin, are kept, and end', async () => {
  const { id, timeoutMinutes } = await reply({ startSession: 1 })
  expect(timeoutMinutes).toBe(30)
  expect(id.id.toUUID().toString()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  await reply({ refreshSessions: [lsid(1), lsid(2)] })
  expect(services.sessions.count).toBe(3)
  await reply({ endSessions: [id, lsid(1)] })
  expect(services.sessions.count).toBe(1)
  await reply({ killAllSessions: [{ user: 'nobody', db: 'admin' }] })
  expect(services.sessions.count).toBe(1)
  await reply({ killAllSessionsByPattern: [{ lsid: lsid(2) }] })
  expect(services.sessions.count).toBe(0)
  await reply({ refreshSessions: [lsid(1), lsid(2)] })
  await reply({ killAllSessions: [] })
  expect(services.sessions.count).toBe(0)
  expect(await reply({ endSessions: [{}] })).toMatchObject({ code: 40414 })
  expect(await reply({ killAllSessionsByPattern: [{ users: [] }] })).toMatchObject({ code: 238 })
})

/** Waits until somebody interrupts it. */
const hang: Command = {
  name: 'hang',
  async run(_request, { operation }) {
    await new Promise(resolve => operation.signal.addEventListener('abort', resolve))
    operation.check()
    return {}
  },
}
const dispatchHang = makeDispatch([hang])

test('what runs is shown, found by its fields, and can be killed by its number', async () => {
  const hanging = ask(dispatchHang, services, { hang: 'things', $db: 'test' }, makeClient({ appName: 'shop' }))
  const { inprog } = await reply({ currentOp: 1, $all: true, appName: 'shop' })
  expect(inprog).toMatchObject([{ ns: 'test.things', appName: 'shop', active: true, command: { hang: 'things' } }])
  expect((await reply({ currentOp: 1, appName: 'other' })).inprog).toEqual([])
  await reply({ killOp: 1, op: inprog[0].opid })
  expect(await hanging).toMatchObject({ codeName: 'Interrupted' })
})

test('a killed session takes with it what runs in it', async () => {
  const hanging = ask(dispatchHang, services, { hang: 1, lsid: lsid(8) })
  const other = ask(dispatchHang, services, { hang: 1, lsid: lsid(9) })
  await reply({ killSessions: [lsid(8)] })
  expect(await hanging).toMatchObject({ codeName: 'Interrupted' })
  expect(await reply({ killAllSessions: [], lsid: lsid(7) })).toMatchObject({ ok: 1 })
  expect(await other).toMatchObject({ codeName: 'Interrupted' })
})
