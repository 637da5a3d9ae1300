import { Binary, type Document, Double, Int32, Long, serialize, Timestamp } from 'bson'
import { expect, test } from 'vitest'
import { writeConcernErrorOf } from './concerns.ts'
import { parseGenericArguments } from './generic-arguments.ts'
import { replyOf } from '../../test/services.ts'

const uuid = new Binary(Buffer.alloc(16, 5), 4)
const lsid = { id: uuid }
const one = Long.fromNumber(1)
const parse = (fields: Document, db: Document = { $db: 'test' }) =>
  parseGenericArguments(serialize({ find: 'c', ...fields, ...db }))

test('arguments are found among the command’s own fields, and have no value when they are not there', () => {
  const found = parse({ filter: {}, limit: 1, lsid, txnNumber: one, maxTimeMS: 5, comment: [1], tailable: true })
  expect(found).toMatchObject({ name: 'find', db: 'test', txnNumber: 1n, maxTimeMs: 5, autocommit: undefined })
  expect(Buffer.from(found.lsid ?? []).toString('hex')).toBe('05'.repeat(16))
  expect(parse({})).toMatchObject({
    lsid: undefined,
    txnNumber: undefined,
    readConcern: undefined,
    apiVersion: undefined,
  })
})

const time = new Timestamp({ t: 1, i: 1 })

test.for<[Document]>([
  [{ readConcern: {} }],
  [{ readConcern: { level: 'linearizable', afterClusterTime: new Timestamp({ t: 5, i: 6 }) } }],
  [{ readConcern: { level: 'snapshot' } }],
  [{ readConcern: { level: 'snapshot', atClusterTime: time } }],
  [{ writeConcern: { w: 0 } }],
  [{ writeConcern: { w: 'majority', j: true, wtimeout: 100 } }],
  [{ apiVersion: '1', apiStrict: true, apiDeprecationErrors: false }],
  [{ lsid: { id: uuid, uid: new Binary(Buffer.alloc(32)) } }],
  [{ lsid, txnNumber: one, autocommit: false, startTransaction: true }],
  [{ maxTimeMS: new Double(1000) }],
  [{ $readPreference: { mode: 'secondary' }, $clusterTime: { clusterTime: new Timestamp({ t: 1, i: 1 }) } }],
])('%j is taken', ([fields]) => {
  expect(parse(fields).db).toBe('test')
})

test.for<[Document, string]>([
  [{ lsid: 1 }, 'TypeMismatch'],
  [{ lsid: {} }, 'IDLFailedToParse'],
  [{ lsid: { id: 'x' } }, 'TypeMismatch'],
  [{ lsid: { id: new Binary(Buffer.alloc(16), 0) } }, 'InvalidUUID'],
  [{ lsid: { id: new Binary(Buffer.alloc(15), 4) } }, 'InvalidUUID'],
  [{ lsid: { id: uuid, other: 1 } }, 'IDLUnknownField'],
  [{ txnNumber: one }, 'InvalidOptions'],
  [{ lsid, txnNumber: new Int32(1) }, 'TypeMismatch'],
  [{ lsid, txnNumber: Long.fromNumber(-1) }, 'InvalidOptions'],
  [{ lsid, autocommit: false }, 'InvalidOptions'],
  [{ lsid, txnNumber: one, autocommit: true }, 'InvalidOptions'],
  [{ lsid, txnNumber: one, startTransaction: true }, 'InvalidOptions'],
  [{ lsid, txnNumber: one, autocommit: false, startTransaction: false }, 'InvalidOptions'],
  [{ readConcern: 'local' }, 'TypeMismatch'],
  [{ readConcern: { level: 'best' } }, 'FailedToParse'],
  [{ readConcern: { atClusterTime: time } }, 'InvalidOptions'],
  [{ readConcern: { level: 'snapshot', atClusterTime: new Timestamp({ t: 0, i: 0 }) } }, 'InvalidOptions'],
  [{ readConcern: { level: 'snapshot', atClusterTime: time, afterClusterTime: time } }, 'InvalidOptions'],
  [{ readConcern: { level: 'snapshot', atClusterTime: 1 } }, 'TypeMismatch'],
  [{ readConcern: { afterClusterTime: 1 } }, 'TypeMismatch'],
  [{ readConcern: { lvl: 1 } }, 'IDLUnknownField'],
  [{ writeConcern: { w: 51 } }, 'FailedToParse'],
  [{ writeConcern: { w: -1 } }, 'FailedToParse'],
  [{ writeConcern: { w: true } }, 'FailedToParse'],
  [{ writeConcern: { j: 'yes' } }, 'FailedToParse'],
  [{ writeConcern: { wtimeout: 'long' } }, 'FailedToParse'],
  [{ writeConcern: { other: 1 } }, 'FailedToParse'],
  [{ maxTimeMS: '5' }, 'BadValue'],
  [{ maxTimeMS: -1 }, 'BadValue'],
  [{ maxTimeMS: 1.5 }, 'BadValue'],
  [{ maxTimeMS: 2 ** 31 }, 'BadValue'],
  [{ apiVersion: '2' }, 'APIVersionError'],
  [{ apiVersion: 1 }, 'TypeMismatch'],
  [{ apiStrict: true }, 'Location4886600'],
])('%j is refused: %s', ([fields, codeName]) => {
  expect(() => parse(fields)).toThrow(expect.objectContaining({ codeName }))
})

test('a command without a database is refused', () => {
  expect(() => parse({}, {})).toThrow(expect.objectContaining({ codeName: 'Location40571' }))
  expect(() => parse({}, { $db: 1 })).toThrow(expect.objectContaining({ codeName: 'TypeMismatch' }))
})

test.for([
  [0, undefined],
  [1, undefined],
  ['majority', undefined],
  [2, 100],
  ['backups', 79],
] as const)('a write concern of w: %j is answered with the error %j', ([w, code]) => {
  const error = writeConcernErrorOf({ w })
  expect(error && replyOf(error).code).toBe(code)
})
