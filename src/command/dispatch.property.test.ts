import { Binary, type Document, Long, serialize, Timestamp } from 'bson'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeClient, openServices, replyOf, type TestServices } from '../../test/services.ts'
import * as all from './commands/all.ts'
import { dispatch } from './dispatch.ts'

let services: TestServices
beforeAll(async () => {
  services = await openServices()
})
afterAll(() => services.close())

// What waits or blocks for as long as it was asked would wait for a clock that stands still.
const names = Object.values(all)
  .flatMap(({ name, aliases = [] }) => [name, ...aliases])
  .filter(name => !['configureFailPoint', 'getMore', 'isMaster', 'ismaster', 'hello'].includes(name))

const scalar = fc.oneof(
  fc.constantFrom<unknown>(0, 1, -1, 1.5, true, false, null, '', 'a', 'test.c', '*', Long.fromNumber(1), NaN),
  fc.constantFrom<unknown>(new Timestamp({ t: 1, i: 1 }), new Binary(Buffer.alloc(16), 4), new Date(0), /a/),
)
const fieldNames = `
  id q u filter query documents updates deletes limit skip sort cursor op key cursors pipeline indexes name force lock update
  remove batchSize a $set $match`
const fieldName = fc.constantFrom(...fieldNames.trim().split(/\s+/))
const value: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fieldName, tie('value'), { maxKeys: 3 }),
  ),
})).value
const lsid = { id: new Binary(Buffer.alloc(16, 1), 4) }

/** Commands that are right, or nearly: what is changed in them is wrong in one place only, and gets further. */
const examples: readonly Document[] = [
  ...names.map(name => ({ [name]: 1 })),
  { insert: 'c', documents: [{ a: 1 }] },
  { update: 'c', updates: [{ q: { a: 1 }, u: { $set: { a: 2 } }, upsert: true }] },
  { delete: 'c', deletes: [{ q: { a: 1 }, limit: 1 }] },
  { find: 'c', filter: { a: { $gt: 0 } }, sort: { a: 1 }, limit: 2 },
  { findAndModify: 'c', query: { a: 1 }, update: { $inc: { a: 1 } } },
  { aggregate: 'c', pipeline: [{ $match: { a: 1 } }], cursor: {} },
  { count: 'c', query: {} },
  { distinct: 'c', key: 'a' },
  { killCursors: 'c', cursors: [Long.fromNumber(1)] },
  { create: 'c' },
  { createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a_1' }] },
  { drop: 'c' },
  { listCollections: 1, filter: {} },
  { endSessions: [lsid] },
  { killSessions: [lsid] },
  { killAllSessionsByPattern: [{ lsid }] },
  { killOp: 1, op: 1 },
  { getLog: 'global' },
  { currentOp: 1, op: 'command' },
  { getParameter: 1, requireApiVersion: 1 },
]
const generic: readonly Document[] = [
  {},
  { lsid },
  { lsid, txnNumber: Long.fromNumber(1) },
  { lsid, txnNumber: Long.fromNumber(1), autocommit: false },
  { readConcern: { level: 'majority' } },
  { writeConcern: { w: 2 } },
  { maxTimeMS: 1000, comment: 'x' },
  { apiVersion: '1', apiStrict: true },
]

/** A field that is added, or put in the place of the one there. */
const change = fc.record({ at: fc.nat({ max: 4 }), name: fc.option(fieldName), value })
const body = fc
  .record({
    example: fc.constantFrom(...examples),
    generic: fc.constantFrom(...generic),
    changes: fc.array(change, { maxLength: 2 }),
    db: fc.constantFrom('admin', 'admin', 'test', 'test', '$x'),
  })
  .map(({ example, generic, changes, db }): Document => {
    const document: Document = { ...example, ...generic, $db: db }
    for (const { at, name, value } of changes) {
      const present = Object.keys(document)
      document[name ?? present[at % present.length] ?? 'a'] = value
    }
    return document
  })

test('whatever command comes, it is answered with a reply of the right shape', async () => {
  await fc.assert(
    fc.asyncProperty(body, async document => {
      const message = { body: serialize(document), sequences: [], isQuery: false }
      const outcome = await dispatch(message, makeClient(), services)
      const { ok, $clusterTime, operationTime, code, codeName, errmsg } = replyOf(
        outcome === 'close-connection' ? Buffer.alloc(0) : outcome.document,
      )
      expect([$clusterTime, operationTime]).not.toContain(undefined)
      if (ok !== 1) {
        expect([ok, typeof code, typeof codeName, typeof errmsg]).toEqual([0, 'number', 'string', 'string'])
      }
      expect(errmsg ?? '').not.toContain('a bug of this server')
    }),
    { numRuns: 500 },
  )
  expect(services.operations.count).toBe(0)
})
