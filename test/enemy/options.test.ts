/**
 * Every field of every command is known: it works, is refused by its name, or has no effect for a reason that stands beside it.
 * The lists are MongoDB 8.0's, what drivers and tools send included; what is only said between servers of a cluster is not here.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { Binary, type Document, Long } from 'bson'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as all from '../../src/command/commands/all.ts'
import { dispatch } from '../../src/command/dispatch.ts'
import { ask, openServices, type TestServices } from '../services.ts'

let services: TestServices
beforeAll(async () => {
  services = await openServices()
})
afterAll(() => services.close())

const codeFor = async (command: Document): Promise<number> => (await ask(dispatch, services, command)).code ?? 0

/** Commands that are right as they are. */
const plain: Readonly<Record<string, Document>> = {
  aggregate: { aggregate: 'c', pipeline: [], cursor: {} },
  bulkWrite: { bulkWrite: 1, ops: [{ insert: 0, document: {} }], nsInfo: [{ ns: 'test.c' }] },
  collMod: { collMod: 'c' },
  collStats: { collStats: 'c' },
  configureFailPoint: { configureFailPoint: 'failCommand', mode: 'off' },
  count: { count: 'c' },
  create: { create: 'made' },
  createIndexes: { createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a_1' }] },
  dataSize: { dataSize: 'test.c' },
  delete: { delete: 'c', deletes: [{ q: { none: 1 }, limit: 1 }] },
  distinct: { distinct: 'c', key: 'a' },
  drop: { drop: 'nothing' },
  dropIndexes: { dropIndexes: 'c', index: '*' },
  endSessions: { endSessions: [] },
  explain: { explain: { find: 'c' } },
  find: { find: 'c' },
  findAndModify: { findAndModify: 'c', query: { none: 1 }, update: { $set: { a: 1 } } },
  getLog: { getLog: 'global' },
  getMore: { getMore: Long.fromNumber(1), collection: 'c' },
  insert: { insert: 'c', documents: [{ a: 1 }] },
  killAllSessions: { killAllSessions: [] },
  killAllSessionsByPattern: { killAllSessionsByPattern: [] },
  killCursors: { killCursors: 'c', cursors: [] },
  killOp: { killOp: 1, op: 1 },
  killSessions: { killSessions: [] },
  listCollections: { listCollections: 1 },
  listIndexes: { listIndexes: 'c' },
  planCacheClear: { planCacheClear: 'c' },
  profile: { profile: 0 },
  refreshSessions: { refreshSessions: [] },
  renameCollection: { renameCollection: 'test.nothing', to: 'test.d' },
  replSetReconfig: { replSetReconfig: {} },
  setClusterParameter: {
    setClusterParameter: { changeStreamOptions: { preAndPostImages: { expireAfterSeconds: 'off' } } },
  },
  update: { update: 'c', updates: [{ q: { none: 1 }, u: { $set: { a: 1 } } }] },
  validate: { validate: 'c' },
}

/** These take any field, as they do in MongoDB, or say no before they look. */
const takesAny = new Set([
  'hello',
  'isMaster',
  'currentOp',
  'serverStatus',
  'getParameter',
  'setParameter',
  'replSetInitiate',
])

const adminOnly = (name: string): boolean =>
  Object.values(all).some(command => command.name === name && command.adminOnly === true)
const commandOf = (name: string, more: Document): Document => ({
  ...(plain[name] ?? { [name]: 1 }),
  ...more,
  $db: adminOnly(name) ? 'admin' : 'test',
})

test.each(Object.values(all).map(({ name }) => name))('%s refuses a field that nobody knows', async name => {
  const code = await codeFor(commandOf(name, { thereIsNoSuchField: 1 }))
  if (takesAny.has(name)) expect(code).not.toBe(1)
  else expect(code).toBe(40415)
})

const sort = { a: 1 }
const uuid = new Binary(Buffer.alloc(16, 1), 4)
const generic = {
  comment: 'x',
  maxTimeMS: 1000,
  lsid: { id: uuid },
  $readPreference: { mode: 'primary' },
  $clusterTime: {},
  apiVersion: '1',
  apiStrict: false,
  apiDeprecationErrors: true,
}
const write = { writeConcern: { w: 1 } }
const read = { readConcern: { level: 'local' } }

/** Command → its options, each with a value that it may have. */
const options: Readonly<Record<string, Document>> = {
  find: {
    ...read,
    filter: {},
    projection: {},
    sort,
    hint: '_id_',
    collation: { locale: 'en' },
    skip: 1,
    limit: 1,
    batchSize: 1,
    singleBatch: true,
    allowDiskUse: true,
    min: { a: 1 },
    max: { a: 2 },
    returnKey: true,
    showRecordId: true,
    tailable: true,
    awaitData: true,
    noCursorTimeout: true,
    oplogReplay: true,
    allowPartialResults: true,
    let: { a: 1 },
    readOnce: true,
    $_requestResumeToken: true,
    $_resumeAfter: { $recordId: 1 },
  },
  aggregate: {
    ...read,
    ...write,
    explain: true,
    allowDiskUse: true,
    bypassDocumentValidation: true,
    collation: { locale: 'en' },
    hint: '_id_',
    let: { a: 1 },
    collectionUUID: uuid,
    $_generateV2ResumeTokens: true,
    $_requestReshardingResumeToken: true,
  },
  getMore: { batchSize: 1, term: Long.ONE, lastKnownCommittedOpTime: {} },
  insert: {
    ...write,
    ordered: true,
    bypassDocumentValidation: true,
    bypassEmptyTsReplacement: true,
    stmtIds: [1],
    stmtId: 1,
    collectionUUID: uuid,
  },
  update: {
    ...write,
    ordered: true,
    bypassDocumentValidation: true,
    bypassEmptyTsReplacement: true,
    let: {},
    stmtIds: [1],
    collectionUUID: uuid,
  },
  delete: { ...write, ordered: true, let: {}, stmtIds: [1], collectionUUID: uuid },
  findAndModify: {
    ...write,
    sort,
    new: true,
    fields: {},
    upsert: false,
    bypassDocumentValidation: true,
    bypassEmptyTsReplacement: true,
    collation: { locale: 'en' },
    arrayFilters: [],
    hint: '_id_',
    let: {},
    stmtId: 1,
    sampleId: uuid,
  },
  bulkWrite: {
    ...write,
    ordered: true,
    bypassDocumentValidation: true,
    bypassEmptyTsReplacement: true,
    let: {},
    errorsOnly: true,
    cursor: { batchSize: 1 },
    stmtIds: [1],
    stmtId: 1,
  },
  count: { ...read, query: {}, limit: 1, skip: 1, hint: '_id_', collation: { locale: 'en' }, fields: {} },
  distinct: { ...read, query: {}, collation: { locale: 'en' }, hint: '_id_' },
  create: {
    ...write,
    capped: true,
    size: 1000,
    max: 10,
    autoIndexId: true,
    idIndex: {},
    storageEngine: {},
    validator: {},
    validationLevel: 'off',
    validationAction: 'warn',
    indexOptionDefaults: {},
    viewOn: 'c',
    pipeline: [],
    collation: { locale: 'en' },
    timeseries: { timeField: 't' },
    clusteredIndex: { key: { _id: 1 }, unique: true },
    expireAfterSeconds: 1,
    changeStreamPreAndPostImages: { enabled: true },
    encryptedFields: {},
    temp: true,
    recordIdsReplicated: true,
  },
  createIndexes: { ...write, commitQuorum: 1, ignoreUnknownIndexOptions: true },
  dropIndexes: { ...write },
  collMod: {
    ...write,
    validator: {},
    validationLevel: 'off',
    validationAction: 'warn',
    index: { name: 'a_1', hidden: true },
    viewOn: 'c',
    pipeline: [],
    changeStreamPreAndPostImages: { enabled: true },
    timeseries: {},
    expireAfterSeconds: 1,
    cappedSize: 1,
    cappedMax: 1,
    dryRun: true,
  },
  drop: write,
  dropDatabase: write,
  renameCollection: { ...write, dropTarget: true, stayTemp: false },
  collStats: { scale: 1, verbose: true, waitForLock: true, numericOnly: true },
  dbStats: { scale: 1, freeStorage: 1 },
  dataSize: { keyPattern: { _id: 1 }, min: { _id: 1 }, max: { _id: 2 }, estimate: true },
  validate: {
    full: true,
    scandata: true,
    background: true,
    checkBSONConformance: true,
    repair: true,
    fixMultikey: true,
    metadata: true,
    collHash: true,
  },
  usersInfo: {
    filter: {},
    showCredentials: true,
    showCustomData: true,
    showPrivileges: true,
    showAuthenticationRestrictions: true,
  },
  rolesInfo: { showPrivileges: true, showAuthenticationRestrictions: true, showBuiltinRoles: true },
  planCacheClear: { query: {}, projection: {}, sort, collation: { locale: 'en' } },
  listCollections: { filter: {}, nameOnly: true, authorizedCollections: true, cursor: {} },
  listDatabases: { filter: {}, nameOnly: true, authorizedDatabases: true },
  listIndexes: { cursor: {}, includeBuildUUIDs: true, includeIndexBuildInfo: true },
  explain: { verbosity: 'queryPlanner' },
  killCursors: {},
  ping: {},
  connectionStatus: { showPrivileges: true },
  endSessions: {},
}

test.each(
  Object.entries(options).flatMap(([name, own]) =>
    Object.entries({ ...generic, ...own }).map(([option, value]) => [name, option, value] as const),
  ),
)('%s knows %s', async (name, option, value) => {
  const { code, errmsg } = await ask(dispatch, services, commandOf(name, { [option]: value }))
  expect([code, errmsg]).not.toEqual([40415, expect.anything()])
  expect(code).not.toBe(1)
  // What is refused is refused by its name.
  if (code === 238) expect(errmsg).toContain(option)
})

const inner: readonly (readonly [command: string, options: Document, (statement: Document) => Document])[] = [
  [
    'a statement of update',
    {
      c: {},
      multi: true,
      upsert: true,
      collation: { locale: 'en' },
      arrayFilters: [],
      hint: '_id_',
      sort,
      sampleId: uuid,
    },
    it => ({ update: 'c', updates: [{ q: { none: 1 }, u: { $set: { a: 1 } }, ...it }] }),
  ],
  [
    'a statement of delete',
    { collation: { locale: 'en' }, hint: '_id_', sampleId: uuid },
    it => ({ delete: 'c', deletes: [{ q: { none: 1 }, limit: 1, ...it }] }),
  ],
  [
    'an update of bulkWrite',
    { multi: true, upsert: true, collation: { locale: 'en' }, arrayFilters: [], hint: '_id_', sort, sampleId: uuid },
    it => ({
      bulkWrite: 1,
      ops: [{ update: 0, filter: { none: 1 }, updateMods: { $set: { a: 1 } }, ...it }],
      nsInfo: [{ ns: 'test.c' }],
    }),
  ],
  [
    'a namespace of bulkWrite',
    { collectionUUID: uuid },
    it => ({ bulkWrite: 1, ops: [{ insert: 0, document: {} }], nsInfo: [{ ns: 'test.c', ...it }] }),
  ],
  [
    'an index',
    {
      v: 2,
      unique: true,
      background: true,
      sparse: true,
      expireAfterSeconds: 1,
      hidden: true,
      storageEngine: {},
      weights: {},
      default_language: 'en',
      language_override: 'x',
      textIndexVersion: 3,
      '2dsphereIndexVersion': 3,
      bits: 26,
      min: 1,
      max: 2,
      bucketSize: 1,
      collation: { locale: 'en' },
      wildcardProjection: {},
      partialFilterExpression: {},
      prepareUnique: true,
      clustered: true,
      ns: 'test.c',
      dropDups: true,
    },
    it => ({ createIndexes: 'c', indexes: [{ key: { b: 1 }, name: 'b_1', ...it }] }),
  ],
  [
    'an index of collMod',
    { expireAfterSeconds: 1, hidden: true, unique: true, prepareUnique: true },
    it => ({ collMod: 'c', index: { name: 'a_1', ...it } }),
  ],
  [
    'a change stream',
    {
      fullDocument: 'default',
      fullDocumentBeforeChange: 'off',
      resumeAfter: {},
      startAfter: {},
      startAtOperationTime: 1,
      allChangesForCluster: true,
      showExpandedEvents: true,
      showMigrationEvents: true,
      showSystemEvents: true,
      showRawUpdateDescription: true,
      allowToRunOnConfigDB: true,
      allowToRunOnSystemNS: true,
      matchCollectionUUIDForUpdateLookup: true,
    },
    it => ({ aggregate: 'c', pipeline: [{ $changeStream: it }], cursor: {} }),
  ],
]

test.each(
  inner.flatMap(([where, own, within]) =>
    Object.entries(own).map(([option, value]) => [where, option, value, within] as const),
  ),
)('%s knows %s', async (_, option, value, within) => {
  const command = within({ [option]: value })
  const {
    code,
    errmsg,
    writeErrors = [],
  } = await ask(dispatch, services, { ...command, $db: 'bulkWrite' in command ? 'admin' : 'test' })
  expect([code, errmsg]).not.toEqual([40415, expect.anything()])
  expect(writeErrors.map((error: Document) => error.code)).not.toContain(40415)
})

test('what has no effect has a reason beside it', () => {
  const folder = new URL('../../src/command/', import.meta.url)
  const files = [...readdirSync(new URL('commands/', folder)).map(name => `commands/${name}`), 'index-spec.ts']
  const bare = files.flatMap(file => {
    const lines = readFileSync(new URL(file, folder), 'utf8').split('\n')
    return lines.filter(line => line.endsWith(': withoutEffect,')).map(line => `${file}: ${line.trim()}`)
  })
  expect(bare).toEqual([])
})
