import type { Document } from 'bson'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { deserialize } from 'bson'
import { readCappedState } from './capped.ts'
import { createCollection, dropCollection, modifyCollection } from './ddl.ts'
import { deleteAll, deleteFirst, updateAll, updateFirst } from './modify.ts'
import { everything, readDocuments } from './read.ts'
import { bytes, entriesOf, insert, openStore, statement, things, updateStatement } from './store.suite.ts'
import { withSnapshot, type Store } from './store.ts'

async function openCapped(options: { size?: number; max?: number } = {}): Promise<Store> {
  const store = await openStore()
  await createCollection(store, things, { capped: true, size: 4096, ...options })
  return store
}

async function idsIn(store: Store, { reverse = false } = {}): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { document } of readDocuments(store, things, everything, { ...statement(), reverse })) {
    found.push(deserialize(document)['_id'])
  }
  return found
}

test('documents come out in the order in which they came, and backwards', async () => {
  const store = await openCapped()
  await insert(store, [{ _id: 3 }, { _id: 1 }, { _id: 'x' }])
  await insert(store, [{ _id: 2 }])
  expect(await idsIn(store)).toEqual([3, 1, 'x', 2])
  expect(await idsIn(store, { reverse: true })).toEqual([2, 'x', 1, 3])
})

test('the oldest documents fall out by count, by size, and without an entry in the log', async () => {
  const byCount = await openCapped({ max: 3 })
  await insert(
    byCount,
    [1, 2, 3, 4, 5].map(_id => ({ _id })),
  )
  expect(await idsIn(byCount)).toEqual([3, 4, 5])
  expect((await entriesOf(byCount)).map(({ op }) => op)).toEqual(['c', 'i', 'i', 'i', 'i', 'i'])
  const whole = bytes({ _id: 1, text: 'x'.repeat(80) }).length
  const bySize = await openCapped({ size: 2 * whole })
  await insert(
    bySize,
    [1, 2, 3].map(_id => ({ _id, text: 'x'.repeat(80) })),
  )
  expect(await idsIn(bySize)).toEqual([2, 3])
})

test('an _id is there once, and free again when its document has fallen out', async () => {
  const store = await openCapped({ max: 2 })
  const twice = await insert(store, [{ _id: 1 }, { _id: 1.0 }])
  expect(twice.writeErrors.map(({ error }) => error.message)).toEqual([
    'E11000 duplicate key error collection: shop.things index: _id_ dup key: { _id: 1 }',
  ])
  await insert(store, [{ _id: 2 }, { _id: 3 }])
  expect((await insert(store, [{ _id: 1 }])).insertedCount).toBe(1)
  expect(await idsIn(store)).toEqual([3, 1])
})

test('a document that is larger than the whole collection is refused', async () => {
  const store = await openCapped({ size: 256 })
  const { writeErrors } = await insert(store, [{ _id: 1, text: 'x'.repeat(256) }])
  expect(writeErrors[0]?.error.message).toBe('object to insert exceeds cappedMaxSize')
})

test('documents are found, updated, upserted and deleted by _id as in any collection, and keep their place', async () => {
  const store = await openCapped()
  await insert(store, [{ _id: 2 }, { _id: 1 }])
  await updateFirst(store, updateStatement({ $set: { longer: 'than before' } }, { filter: { _id: 2 } }))
  await updateFirst(store, updateStatement({ $set: { n: 1 } }, { filter: { _id: 0 }, upsert: true }))
  expect(await idsIn(store)).toEqual([2, 1, 0])
  expect((await deleteFirst(store, statement({ filter: { _id: 1 } }))).matchedCount).toBe(1)
  expect(await idsIn(store)).toEqual([2, 0])
  await insert(store, [{ _id: 1 }])
  expect(await idsIn(store)).toEqual([2, 0, 1])
})

test('smaller limits remove what is too much with the next insert', async () => {
  const store = await openCapped({ max: 5 })
  await insert(
    store,
    [1, 2, 3, 4].map(_id => ({ _id })),
  )
  await modifyCollection(store, things, { options: { cappedMax: 2 }, index: undefined })
  expect(await idsIn(store)).toEqual([1, 2, 3, 4])
  await insert(store, [{ _id: 5 }])
  expect(await idsIn(store)).toEqual([4, 5])
})

type Step = { readonly insert: Document } | { readonly grow: number } | { readonly delete: number }

test('the limits hold after every insert, and the counters say what is there', async () => {
  const id = fc.integer({ min: 0, max: 7 })
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ insert: fc.record({ _id: id, text: fc.string({ maxLength: 40 }) }) }) },
    { weight: 1, arbitrary: fc.record({ grow: id }) },
    { weight: 1, arbitrary: fc.record({ delete: id }) },
  )
  const limits = fc.record({ size: fc.integer({ min: 100, max: 400 }), max: fc.integer({ min: 1, max: 6 }) })
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { maxLength: 30 }), async (options, steps) => {
      const store = await openCapped(options)
      for (const next of steps) {
        let hasInserted = false
        if ('insert' in next) hasInserted = (await insert(store, [next.insert])).writeErrors.length === 0
        else if ('grow' in next)
          await updateAll(store, updateStatement({ $set: { more: 'xxxx' } }, { filter: { _id: next.grow } }))
        else await deleteAll(store, statement({ filter: { _id: next.delete } }))
        const sizes: number[] = []
        for await (const { document } of readDocuments(store, things, everything, statement())) {
          sizes.push(document.length)
        }
        const total = sizes.reduce((sum, size) => sum + size, 0)
        if (hasInserted) expect(sizes.length <= options.max && total <= options.size).toBe(true)
        const state = await withSnapshot(store, async snapshot => {
          const info = await store.catalog.find(snapshot, things)
          return readCappedState(snapshot, info?.id ?? 0)
        })
        expect([state.count, state.bytes]).toEqual([BigInt(sizes.length), BigInt(total)])
      }
      await store.engine.close()
    }),
    { numRuns: 60 },
  )
})

test('a dropped capped collection leaves nothing to the next of its name', async () => {
  const store = await openCapped({ max: 2 })
  await insert(store, [{ _id: 1 }, { _id: 2 }])
  await dropCollection(store, things)
  await createCollection(store, things, { capped: true, size: 4096, max: 2 })
  await insert(store, [{ _id: 1 }])
  expect(await idsIn(store)).toEqual([1])
})
