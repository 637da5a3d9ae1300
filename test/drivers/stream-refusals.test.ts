/**
 * Whatever a client asks of a change stream that it cannot have: the answer has the server's code, leaves no cursor behind, and a
 * stream that was there goes on. Through the driver, as commands.
 */
import { type Document, Long, MongoClient, Timestamp, UUID } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, open } from '../../src/index.ts'
import { brokenTokens } from '../../src/oplog/broken-tokens.suite.ts'
import { Watched } from './watched.ts'

let database: Database
let client: MongoClient
let bystander: Watched
let written = 0

beforeAll(async () => {
  database = await open()
  client = await new MongoClient(database.uri).connect()
  bystander = await Watched.open(client.db('d').collection('bystander').watch())
})

afterAll(async () => {
  await bystander.stream.close()
  await client.close()
  await database.close()
})

const run = (command: Document, db = 'd'): Promise<Document> =>
  client
    .db(db)
    .command(command)
    .catch((error: unknown) => (error as { errorResponse: Document }).errorResponse)

const cursorCount = async () => (await client.db('admin').command({ serverStatus: 1 })).metrics.cursor.open.total

/** A stream of this stage: on a collection, or with 1 on the database. */
const aggregate = (stage: unknown, { stages = [], ...more }: { stages?: unknown; [name: string]: unknown } = {}) => ({
  aggregate: 'c',
  pipeline: Array.isArray(stages) ? [{ $changeStream: stage }, ...stages] : stages,
  cursor: {},
  ...more,
})

async function expectRefused(command: Document, code: number, db?: string): Promise<Document> {
  const before = await cursorCount()
  const reply = await run(command, db)
  expect(reply).toMatchObject({ ok: 0, code })
  // None of them says that a driver should try again.
  expect(reply.errorLabels ?? []).not.toContain('ResumableChangeStreamError')
  await client.db('d').collection<{ _id: number }>('bystander').insertOne({ _id: ++written })
  expect((await bystander.next())['documentKey']).toEqual({ _id: written })
  expect(await cursorCount()).toBe(before)
  return reply
}

test.each(brokenTokens)('a broken token: %s', async (_what, token, code) => {
  await expectRefused(aggregate({ resumeAfter: token }), code)
  await expectRefused(aggregate({ startAfter: token }, { aggregate: 1 }), code)
})

const strict = { apiVersion: '1', apiStrict: true }
const mark = { _data: '826553F100000000012B0429296E1404' }

test.each<[what: string, command: Document, code: number, db?: string]>([
  ['a stage that is no object', aggregate(1), 6188500],
  ['a stage that is null', aggregate(null), 6188500],
  ['an unknown option', aggregate({ fullDocumant: 'x' }), 40415],
  ['an option of a later server', aggregate({ showCommitTimestamp: true }), 40415],
  ['a wrong word', aggregate({ fullDocument: 'always' }), 2],
  ['a wrong word', aggregate({ fullDocumentBeforeChange: 'default' }), 2],
  ['a wrong type', aggregate({ fullDocument: 1 }), 14],
  ['a wrong type', aggregate({ allChangesForCluster: 'yes' }), 14],
  ['a wrong type', aggregate({ startAtOperationTime: new Date() }), 14],
  ['a wrong type', aggregate({ resumeAfter: 'token' }), 14],
  ['another read concern', aggregate({}, { readConcern: { level: 'local' } }), 72],
  ['another read concern', aggregate({}, { readConcern: { level: 'available' } }), 72],
  ['a collection by its UUID', aggregate({}, { collectionUUID: new UUID() }), 4928900],
  ['an option outside the API', aggregate({ showExpandedEvents: true }, { apiVersion: '1', apiStrict: true }), 323],
  // The first thing that is wrong is told, in the order of the server's own checks.
  [
    'an option outside the API, whatever is wrong around the stage',
    aggregate({ showExpandedEvents: true }, { ...strict, collectionUUID: new UUID() }),
    323,
  ],
  ['an unknown option, with the API', aggregate({ fullDocumant: 'x' }, strict), 40415],
  [
    'another read concern before a UUID',
    aggregate({}, { readConcern: { level: 'local' }, collectionUUID: new UUID() }),
    72,
  ],
  ['a UUID before an unknown option', aggregate({ fullDocumant: 'x' }, { collectionUUID: new UUID() }), 4928900],
  ['everything elsewhere', aggregate({ allChangesForCluster: true }, { aggregate: 1 }), 72],
  ['everything of a collection', aggregate({ allChangesForCluster: true }), 72, 'admin'],
  ['admin', aggregate({}, { aggregate: 1 }), 73, 'admin'],
  ['a collection of admin', aggregate({}), 73, 'admin'],
  ['config', aggregate({}, { aggregate: 1 }), 73, 'config'],
  ['local', aggregate({}), 73, 'local'],
  ['a system collection', aggregate({}, { aggregate: 'system.views' }), 73],
  ['a collection without a name', aggregate({}, { aggregate: '' }), 73],
  ['a collection that cannot be', aggregate({}, { aggregate: '$cmd.aggregate' }), 73],
  ['a name that is too long', aggregate({}, { aggregate: 'x'.repeat(255) }), 73],
  ['a number that is not 1', aggregate({}, { aggregate: 2 }), 9],
  ['a name of a wrong type', aggregate({}, { aggregate: true }), 14],
  ['two tokens', aggregate({ resumeAfter: mark, startAfter: mark }), 50865],
  ['a token and a time', aggregate({ resumeAfter: mark, startAtOperationTime: new Timestamp({ t: 1, i: 1 }) }), 40674],
  ['no cursor', { aggregate: 'c', pipeline: [{ $changeStream: {} }] }, 9],
  ['a cursor of a wrong type', aggregate({}, { cursor: 1 }), 14],
  ['a batch of less than nothing', aggregate({}, { cursor: { batchSize: -1 } }), 51024],
  ['a pipeline that is none', aggregate({}, { stages: 'x' }), 14],
  ['a stage that is no object', aggregate({}, { stages: [1] }), 14],
  ['a stage of two names', aggregate({}, { stages: [{ $match: {}, $project: { a: 1 } }] }), 40323],
  ['an unknown stage', aggregate({}, { stages: [{ $nonsense: {} }] }), 40324],
  ['an unknown stage, whatever else is wrong', aggregate({ fullDocument: 1 }, { stages: [{ $nonsense: {} }] }), 40324],
  [
    'an unknown stage behind one that may not stand there',
    aggregate({}, { stages: [{ $limit: 1 }, { $x: 1 }] }),
    40324,
  ],
  ['a second stream', aggregate({}, { stages: [{ $changeStream: {} }] }), 40602],
  ['a filter that is none', aggregate({}, { stages: [{ $match: { a: { $nonsense: 1 } } }] }), 2],
  ['a split of something', aggregate({}, { stages: [{ $changeStreamSplitLargeEvent: { a: 1 } }] }), 7182800],
  [
    'a split that is not last',
    aggregate({}, { stages: [{ $changeStreamSplitLargeEvent: {} }, { $match: {} }] }),
    7182802,
  ],
  [
    'a split twice',
    aggregate({}, { stages: [{ $changeStreamSplitLargeEvent: {} }, { $changeStreamSplitLargeEvent: {} }] }),
    7182802,
  ],
  ['a split without a stream', { aggregate: 'c', pipeline: [{ $changeStreamSplitLargeEvent: {} }], cursor: {} }, 20],
  [
    'a stream that is not first',
    { aggregate: 'c', pipeline: [{ $match: {} }, { $changeStream: {} }], cursor: {} },
    40602,
  ],
  ['an option of the command that nobody knows', aggregate({}, { nonsense: 1 }), 40415],
])('%s: %j is refused with %i', async (_what, command, code, db) => {
  await expectRefused(command, code, db)
})

// Source: MongoDB manual, "Modify change stream output": any other stage is refused, whatever is in it.
test.each([
  ...['$group', '$sort', '$skip', '$limit', '$sample', '$unwind', '$lookup', '$graphLookup', '$bucket', '$bucketAuto'],
  ...['$facet', '$out', '$merge', '$count', '$sortByCount', '$unionWith', '$geoNear', '$collStats', '$indexStats'],
  ...[
    '$densify',
    '$fill',
    '$setWindowFields',
    '$documents',
    '$currentOp',
    '$listSessions',
    '$planCacheStats',
    '$search',
  ],
])('%s may not stand behind $changeStream', async stage => {
  expect((await expectRefused(aggregate({}, { stages: [{ [stage]: {} }] }), 20)).errmsg).toContain(stage)
})

/** The token of an event of these, as a stream on the whole database has it. */
async function tokensOf(...commands: Document[]): Promise<Document[]> {
  const stream = await Watched.open(client.db('d').watch([], { showExpandedEvents: false }))
  for (const command of commands) await client.db('d').command(command)
  const events = await stream.take(commands.length)
  await stream.stream.close()
  return events.map(({ _id }) => _id)
}

const causeOf = async (stage: Document, code: number, more: Document = {}): Promise<string> =>
  (await expectRefused(aggregate(stage, more), code)).errmsg

test('a token that cannot be used says why', async () => {
  const [inserted, dropped] = (await tokensOf({ insert: 'c', documents: [{ _id: 1 }] }, { drop: 'c' })) as [
    Document,
    Document,
  ]
  const other = await causeOf({ resumeAfter: inserted }, 280, { aggregate: 'other' })
  expect(other).toMatch(
    /the resume token was not found\. Its event, insert in d\.c, is none of this stream's .*another scope/,
  )
  const foreign = { _data: inserted['_data'].replace(/5A1004.{32}/, `5A1004${'AB'.repeat(16)}`) }
  expect(await causeOf({ resumeAfter: foreign }, 280)).toMatch(
    /the resume token was not found\. No such event .*another deployment/,
  )
  const forged = { _data: inserted['_data'].replace('696E73657274', '64656C657465') }
  expect(await causeOf({ startAfter: forged }, 280)).toMatch(/No such event happened here/)
  // The same event's, but as that of an invalidate, which no insert causes.
  const impossible = { _data: inserted['_data'].replace('6E5A1004', '6F5A1004') }
  expect(await causeOf({ startAfter: impossible }, 280)).toMatch(/No such event happened here/)
  const invalidate = { _data: dropped['_data'].replace('296E5A', '296F5A') }
  expect(await causeOf({ resumeAfter: invalidate }, 260)).toMatch(/from an invalidate notification: .*'startAfter'/)
  const dropDatabase = `${dropped['_data'].slice(0, 18)}2B042C0100296E14${'463C6F7065726174696F6E54797065003C64726F704461746162617365000004'}`
  expect(await causeOf({ resumeAfter: { _data: dropDatabase } }, 260)).toMatch(
    /does not include a UUID: .*another scope/,
  )
  const long = Long.fromNumber(7)
  expect(await causeOf({ resumeAfter: { _data: long } }, 40647)).toMatch(/_data is of type long/)
})
