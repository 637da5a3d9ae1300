import { deserialize, serialize } from 'bson'
import { expect, test } from 'vitest'
import { systemEnv } from '../base/env.ts'
import { Pace } from '../base/pace.ts'
import { encodeDocument } from '../bson/encode.ts'
import { CommandError, type ErrorDetails } from '../base/errors.ts'
import { createCollection, modifyCollection } from './ddl.ts'
import { createIndexes } from './indexes.ts'
import { deleteFirst, updateFirst } from './modify.ts'
import { bytes, entriesOf, insert, openStore, statement, things, updateStatement } from './store.suite.ts'
import { withSnapshot, type Store } from './store.ts'
import { convertToUnique, prepareUnique, requireConvertible } from './unique.ts'

const pace = new Pace(systemEnv)
const modified = (options: { readonly [name: string]: boolean }) => ({
  options: {},
  index: { name: 'n_1', key: undefined, options },
})

async function openWith(documents: readonly object[]): Promise<Store> {
  const store = await openStore()
  await createCollection(store, things, {})
  await insert(store, documents)
  await createIndexes(store, things, [bytes({ v: 2, key: { n: 1 }, name: 'n_1' })], pace)
  return store
}

const prepare = (store: Store) => prepareUnique(store, things, modified({ prepareUnique: true }), pace)

async function convert(store: Store): Promise<void> {
  await requireConvertible(store, things, modified({ unique: true }), pace)
  await convertToUnique(store, things, modified({ unique: true }))
}

async function shownIndex(store: Store): Promise<object> {
  const info = await withSnapshot(store, snapshot => store.catalog.find(snapshot, things))
  return deserialize(info?.indexes[1]?.spec ?? serialize({}))
}

const isRefused = async (store: Store, document: object) =>
  (await insert(store, [document])).writeErrors.map(({ error }) => error.codeName)

test('a prepared index keeps the equal keys that were there, and refuses more of them', async () => {
  const store = await openWith([
    { _id: 1, n: 1 },
    { _id: 2, n: 1 },
    { _id: 3, n: 2 },
  ])
  await prepare(store)
  expect(await isRefused(store, { _id: 4, n: 1 })).toEqual(['DuplicateKey'])
  expect(await isRefused(store, { _id: 4, n: 2 })).toEqual(['DuplicateKey'])
  await expect(updateFirst(store, updateStatement({ $set: { n: 1 } }, { filter: { _id: 3 } }))).rejects.toMatchObject({
    codeName: 'DuplicateKey',
  })
  // A document that shares its key may change otherwise.
  const outcome = await updateFirst(store, updateStatement({ $set: { m: 1 } }, { filter: { _id: 2 } }))
  expect(outcome.modifiedCount).toBe(1)
  await deleteFirst(store, statement({ filter: { _id: 1 } }))
  expect(await isRefused(store, { _id: 4, n: 1 })).toEqual(['DuplicateKey'])
  expect(await shownIndex(store)).toEqual({ v: 2, key: { n: 1 }, name: 'n_1', prepareUnique: true })
})

test('it becomes unique when no key is shared any more, and names the documents before', async () => {
  const store = await openWith([{ _id: 1, n: 1 }, { _id: 2, n: 1 }, { _id: 3 }, { _id: 4 }])
  await expect(convert(store)).rejects.toMatchObject({ code: 72 })
  await prepare(store)
  const refused: unknown = await convert(store).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 359 })
  const { details } = refused instanceof CommandError ? refused : { details: {} as ErrorDetails }
  const violations = deserialize(encodeDocument({ all: details['violations'] as [] }))['all']
  expect(violations).toEqual([{ ids: [3, 4] }, { ids: [1, 2] }])
  for (const _id of [1, 4]) await deleteFirst(store, statement({ filter: { _id } }))
  await convert(store)
  expect(await shownIndex(store)).toEqual({ v: 2, key: { n: 1 }, name: 'n_1', unique: true })
  expect(await isRefused(store, { _id: 5, n: 1 })).toEqual(['DuplicateKey'])
  const [last] = (await entriesOf(store)).filter(({ op }) => op === 'c').slice(-1)
  expect(deserialize(last?.o ?? serialize({}))).toEqual({ collMod: 'things', index: { name: 'n_1', unique: true } })
})

test('preparing can be taken back', async () => {
  const store = await openWith([{ _id: 1, n: 1 }])
  await prepare(store)
  await modifyCollection(store, things, modified({ prepareUnique: false }))
  expect(await isRefused(store, { _id: 2, n: 1 })).toEqual([])
  expect(await shownIndex(store)).toEqual({ v: 2, key: { n: 1 }, name: 'n_1' })
  await prepare(store)
  expect(await isRefused(store, { _id: 3, n: 1 })).toEqual(['DuplicateKey'])
})
