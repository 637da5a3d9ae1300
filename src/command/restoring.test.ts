// What tools send that put a dump back: documents and indexes as they were, whatever they were.
import { type Document, Timestamp } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask, openServices, type TestServices } from '../../test/services.ts'
import { dispatch } from './dispatch.ts'

let services: TestServices
beforeEach(async () => {
  services = await openServices()
})
afterEach(() => services.close())

const run = (command: Document): Promise<Document> => ask(dispatch, services, { ...command, $db: 'shop' })

test('a timestamp of zero is the present time, unless an insert says that it is restored', async () => {
  const zero = Timestamp.fromBits(0, 0)
  await run({ insert: 'c', documents: [{ _id: 'new', at: zero }] })
  await run({ insert: 'c', documents: [{ _id: 'restored', at: zero }], bypassEmptyTsReplacement: true })
  const { cursor } = await run({ find: 'c' })
  const [made, restored] = cursor.firstBatch
  expect(made.at.isZero()).toBe(false)
  expect(restored.at.isZero()).toBe(true)
  const update = { update: 'c', updates: [{ q: {}, u: { at: zero } }], bypassEmptyTsReplacement: true }
  expect(await run(update)).toMatchObject({ codeName: 'NotImplemented' })
})

test('an option that no index has is refused by name, unless it is to be ignored', async () => {
  const indexes = [{ key: { a: 1 }, name: 'a_1', safe: true, hidden: true }]
  expect(await run({ createIndexes: 'c', indexes })).toMatchObject({
    codeName: 'InvalidIndexSpecificationOption',
    errmsg: expect.stringContaining("'safe'"),
  })
  expect(await run({ createIndexes: 'c', indexes, ignoreUnknownIndexOptions: true })).toMatchObject({ ok: 1 })
  const { cursor } = await run({ listIndexes: 'c' })
  expect(cursor.firstBatch[1]).toEqual({ v: 2, key: { a: 1 }, name: 'a_1', hidden: true })
  // What is known and not there yet is still refused: it would be another index.
  const text = [{ key: { b: 1 }, name: 'b_1', weights: { b: 1 } }]
  const ignoring = { createIndexes: 'c', indexes: text, ignoreUnknownIndexOptions: true }
  expect(await run(ignoring)).toMatchObject({ codeName: 'NotImplemented' })
})
