import { Binary, deserialize, type Document, Long, Timestamp } from 'bson'
import { expect, test } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { highWaterMarkToken } from '../oplog/resume-token.ts'
import { parseChangeStream, type StageTarget } from './options.ts'
import { valueOf } from './streams.suite.ts'

const collection: StageTarget = { db: 'd', coll: 'c', apiStrict: false }
const database: StageTarget = { db: 'd', coll: undefined, apiStrict: false }
const everything: StageTarget = { db: 'admin', coll: undefined, apiStrict: false }
const strict: StageTarget = { ...collection, apiStrict: true }
const old: StageTarget = { ...database, tokenVersion: 1 }

const time = new Timestamp({ t: 1_700_000_000, i: 1 })
// Timestamp(1700000000, 1), UUID 00112233-4455-6677-8899-aabbccddeeff.
const start = '826553F10000000001'
const uuid = '5A100400112233445566778899AABBCCDDEEFF'
const named = (type: string) => `463C6F7065726174696F6E54797065003C${Buffer.from(type).toString('hex')}000004`
const drop = { _data: `${start}2B042C0100296E${uuid}${named('drop')}` }
const invalidate = { _data: `${start}2B042C0100296F${uuid}${named('drop')}` }
const dropDatabase = { _data: `${start}2B042C0100296E14${named('dropDatabase')}` }
const mark = { _data: `${start}2B0429296E1404` }

const refused: readonly (readonly [what: string, stage: unknown, code: number, target?: StageTarget])[] = [
  ['a stage that is no object', 1, 6188500],
  ['an unknown option', { fullDocumant: 'default' }, 40415],
  ['an option outside the API version', { showExpandedEvents: true }, 323, strict],
  ['an option outside the API version', { showSystemEvents: true }, 323, strict],
  ['a wrong word', { fullDocument: 'always' }, 2],
  ['a wrong word', { fullDocumentBeforeChange: 'default' }, 2],
  ['a word of the wrong type', { fullDocument: true }, 14],
  ['a flag of the wrong type', { showExpandedEvents: 1 }, 14],
  ['a time of the wrong type', { startAtOperationTime: Long.fromNumber(1) }, 14],
  ['a token of the wrong type', { resumeAfter: mark._data }, 14],
  ['a token without data', { resumeAfter: {} }, 40647],
  ['data that is no text', { startAfter: { _data: new Binary(Buffer.alloc(3)) } }, 40647],
  ['type bits that are none', { resumeAfter: { ...mark, _typeBits: 1 } }, 40648],
  ['data that is not hex', { resumeAfter: { _data: 'xyz' } }, 9],
  ['data that is empty', { resumeAfter: { _data: '' } }, 40649],
  ['data that says too much', { resumeAfter: { _data: `${mark._data.slice(0, -2)}2B0204` } }, 6189504],
  ['everything on another database', { allChangesForCluster: true }, 72, database],
  ['everything on a collection', { allChangesForCluster: true }, 72, { ...everything, coll: 'c' }],
  ['admin without everything', {}, 73, everything],
  ['local', {}, 73, { ...database, db: 'local' }],
  ['config', {}, 73, { ...collection, db: 'config' }],
  ['a system collection', {}, 73, { ...collection, coll: 'system.users' }],
  ['two tokens', { resumeAfter: drop, startAfter: drop }, 50865],
  ['a token without data, whatever else is wrong', { startAfter: {} }, 40647, { ...database, db: 'local' }],
  ['a token without data before two of them', { resumeAfter: drop, startAfter: {} }, 40647],
  ['a flag of the wrong type before a token without data', { resumeAfter: {}, allChangesForCluster: 1 }, 14],
  ['two tokens before what is wrong with them', { resumeAfter: drop, startAfter: { _data: '' } }, 50865],
  ['a token and a time', { startAfter: drop, startAtOperationTime: time }, 40674],
  ['resuming behind an invalidate', { resumeAfter: invalidate }, 260],
  ['a token without a collection, on a collection', { resumeAfter: dropDatabase }, 260],
]

for (const [what, stage, code, target = collection] of refused) {
  test(`${what} is refused with ${code}: ${JSON.stringify(stage)}`, () => {
    const parse = () => parseChangeStream(valueOf(stage), target)
    expect(parse).toThrow(CommandError)
    expect(parse).toThrow(expect.objectContaining({ code }))
  })
}

const accepted: readonly (readonly [stage: Document, target: StageTarget, start: string])[] = [
  [{}, collection, 'now'],
  [{}, { ...collection, coll: 'systemindexes' }, 'now'],
  [{}, { ...collection, coll: 'system_users' }, 'now'],
  [{ allChangesForCluster: true }, everything, 'now'],
  [{ resumeAfter: null, fullDocument: null }, collection, 'now'],
  [{ fullDocument: 'required', fullDocumentBeforeChange: 'whenAvailable' }, strict, 'now'],
  [{ showMigrationEvents: true, showSystemEvents: false }, database, 'now'],
  [{ startAtOperationTime: time }, collection, 'at'],
  [{ resumeAfter: mark }, collection, 'at'],
  [{ startAfter: invalidate }, collection, 'after'],
  [{ resumeAfter: drop }, collection, 'after'],
  [{ resumeAfter: dropDatabase }, database, 'after'],
  [{ resumeAfter: { ...drop, more: 1 } }, database, 'after'],
]

test.each(accepted)('%j is accepted', (stage, target, kind) => {
  expect(parseChangeStream(valueOf(stage), target).start.kind).toBe(kind)
})

test('a start at a time is the high-water mark of that time', () => {
  const at = 7n << 32n
  const { start: begun } = parseChangeStream(
    valueOf({ startAtOperationTime: new Timestamp({ t: 7, i: 0 }) }),
    collection,
  )
  expect(begun).toEqual({ kind: 'at', time: at, token: highWaterMarkToken(at) })
})

const oldMark = { _data: `${start}2B0229296E04` }
const oldDrop = { _data: `${start}2B022C0100296E${uuid}04` }
const oldestInsert = { _data: `${start}29295A${uuid.slice(2)}461E5F6964002B020004` }

test.each<readonly [stage: Document, target: StageTarget, version: number, token: Document]>([
  [{ resumeAfter: mark }, database, 2, mark],
  [{ resumeAfter: oldMark }, database, 2, mark],
  [{ resumeAfter: oldDrop }, database, 2, oldDrop],
  [{ startAfter: oldestInsert }, database, 2, oldestInsert],
  [{ startAtOperationTime: time }, old, 1, oldMark],
  [{ resumeAfter: oldMark }, old, 1, oldMark],
  [{ resumeAfter: oldDrop }, old, 1, oldDrop],
  [{ startAfter: oldestInsert }, old, 1, oldestInsert],
  [{ resumeAfter: mark }, old, 2, mark],
  [{ resumeAfter: drop }, old, 2, { _data: drop._data.toUpperCase() }],
  [{ startAfter: { ...oldestInsert, more: 'x'.repeat(100) } }, database, 2, oldestInsert],
])('%j makes tokens of the version asked for, and of none before its own', (stage, target, version, token) => {
  const options = parseChangeStream(valueOf(stage), target)
  expect(options.shape.tokenVersion).toBe(version)
  expect('token' in options.start && deserialize(options.start.token)).toEqual(token)
})
