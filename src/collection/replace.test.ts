/** A collection that takes another's place. */
import { expect, test } from 'vitest'
import { systemEnv } from '../base/env.ts'
import { Pace } from '../base/pace.ts'
import { dropCollection, modifyCollection, renameCollection } from './ddl.ts'
import { createIndexes } from './indexes.ts'
import { createTemporary, findModel, takePlace } from './replace.ts'
import { bytes, insert, openStore, things } from './store.suite.ts'
import { withSnapshot, type Store } from './store.ts'
import { sweepTemporaryCollections } from './sweep.ts'

async function place() {
  const store = await openStore()
  await insert(store, [{ _id: 1 }])
  const model = await findModel(store, things)
  const temporary = await createTemporary(store, things, model)
  await insert(store, [{ _id: 2 }], { namespace: temporary.namespace })
  return { store, temporary, take: () => takePlace(store, temporary, things, model) }
}

const collections = (store: Store) => withSnapshot(store, snapshot => store.catalog.list(snapshot))

test('it has the name and its own UUID, and is not temporary any more', async () => {
  const { store, temporary, take } = await place()
  await take()
  const [only, ...others] = await collections(store)
  expect(others).toEqual([])
  expect(only).toMatchObject({ namespace: things, options: bytes({}) })
  expect(Buffer.from(only?.uuid ?? [])).toEqual(Buffer.from(temporary.uuid))
})

test('a target that was dropped meanwhile is made again', async () => {
  const { store, take } = await place()
  await dropCollection(store, things)
  await take()
  expect((await collections(store)).map(({ namespace }) => namespace)).toEqual([things])
})

test('a target that changed meanwhile stays', async () => {
  const indexed = await place()
  const spec = bytes({ v: 2, key: { a: 1 }, name: 'a_1' })
  await createIndexes(indexed.store, things, [spec], new Pace(systemEnv))
  await expect(indexed.take()).rejects.toMatchObject({ codeName: 'CommandFailed' })
  const modified = await place()
  await modifyCollection(modified.store, things, { options: { validationLevel: 'off' }, index: undefined })
  await expect(modified.take()).rejects.toMatchObject({ codeName: 'CommandFailed' })
})

test('a temporary collection that was dropped, or made anew by somebody else, takes no place', async () => {
  const { store, temporary, take } = await place()
  await dropCollection(store, temporary.namespace)
  await expect(take()).rejects.toMatchObject({ codeName: 'NamespaceNotFound' })
  await insert(store, [{ _id: 2 }], { namespace: temporary.namespace })
  await expect(take()).rejects.toMatchObject({ codeName: 'CommandFailed' })
})

test('a start removes temporary collections, not those that somebody gave a name', async () => {
  const { store, temporary } = await place()
  const other = await createTemporary(store, things, await findModel(store, things))
  const named = { db: 'shop', coll: 'named' }
  await renameCollection(store, other.namespace, named, { dropTarget: false })
  expect((await collections(store)).map(({ namespace }) => namespace)).toEqual([named, things, temporary.namespace])
  await sweepTemporaryCollections(store)
  expect((await collections(store)).map(({ namespace }) => namespace)).toEqual([named, things])
})
