/** Views: what may be one, and what it comes to. */
import { expect, test } from 'vitest'
import { viewDepthMax } from '../base/limits.ts'
import { createCollection, dropCollection, dropDatabase, modifyCollection, renameCollection } from './ddl.ts'
import { createIndexes } from './indexes.ts'
import { Pace } from '../base/pace.ts'
import { systemEnv } from '../base/env.ts'
import { bytes, entriesOf, insert, openStore, value } from './store.suite.ts'
import { withSnapshot, type Store } from './store.ts'
import { createView } from './view-ddl.ts'
import { resolveView } from './views.ts'

const named = (coll: string) => ({ db: 'shop', coll })
const over = (viewOn: string, stage?: Record<string, unknown>) => ({
  viewOn,
  pipeline: stage === undefined ? [] : [value(stage)],
  collation: undefined,
})
const resolve = (store: Store, coll: string) =>
  withSnapshot(store, snapshot => resolveView(snapshot, store.catalog, named(coll)))

test('a view on a view reads the collection under both, the lower stages first', async () => {
  const store = await openStore()
  await createView(store, named('low'), over('things', { $match: { a: 1 } }))
  await createView(store, named('high'), over('low', { $limit: 2 }))
  const resolved = await resolve(store, 'high')
  expect(resolved?.source).toEqual(named('things'))
  expect(resolved?.pipeline.map(stage => stage.bytes.subarray(stage.start, stage.end))).toEqual([
    bytes({ $match: { a: 1 } }),
    bytes({ $limit: 2 }),
  ])
  expect(await resolve(store, 'things')).toBeUndefined()
})

test('a view is never part of what it reads', async () => {
  const store = await openStore()
  await expect(createView(store, named('v'), over('v'))).rejects.toMatchObject({ codeName: 'GraphContainsCycle' })
  await createView(store, named('a'), over('b'))
  await expect(createView(store, named('b'), over('a'))).rejects.toMatchObject({ codeName: 'GraphContainsCycle' })
  await createView(store, named('b'), over('c'))
  const modified = modifyCollection(store, named('b'), { options: {}, index: undefined, view: { viewOn: 'a' } })
  await expect(modified).rejects.toMatchObject({ codeName: 'GraphContainsCycle' })
})

test(`no more than ${viewDepthMax} views stand on one another, whether one is added above or below`, async () => {
  const store = await openStore()
  for (let index = 1; index <= viewDepthMax; index++) {
    await createView(store, named(`v${index}`), over(`v${index - 1}`))
  }
  const tooDeep = { codeName: 'ViewDepthLimitExceeded' }
  await expect(createView(store, named('above'), over(`v${viewDepthMax}`))).rejects.toMatchObject(tooDeep)
  await expect(createView(store, named('v0'), over('below'))).rejects.toMatchObject(tooDeep)
  expect((await resolve(store, `v${viewDepthMax}`))?.source).toEqual(named('v0'))
})

test('a name is a view or a collection, not both', async () => {
  const store = await openStore()
  await createView(store, named('v'), over('things'))
  await expect(createCollection(store, named('v'), {})).rejects.toMatchObject({ codeName: 'NamespaceExists' })
  await expect(createView(store, named('v'), over('things'))).rejects.toMatchObject({ codeName: 'NamespaceExists' })
  const notOnView = { codeName: 'CommandNotSupportedOnView' }
  await expect(insert(store, [{ _id: 1 }], { namespace: named('v') })).rejects.toMatchObject(notOnView)
  const spec = bytes({ v: 2, key: { a: 1 }, name: 'a_1' })
  await expect(createIndexes(store, named('v'), [spec], new Pace(systemEnv))).rejects.toMatchObject(notOnView)
  const rename = (from: string, to: string) => renameCollection(store, named(from), named(to), { dropTarget: true })
  await expect(rename('v', 'w')).rejects.toMatchObject(notOnView)
  await insert(store, [{ _id: 1 }])
  await expect(rename('things', 'v')).rejects.toMatchObject({ codeName: 'NamespaceExists' })
  await expect(createView(store, named('things'), over('v'))).rejects.toMatchObject({ codeName: 'NamespaceExists' })
})

test('views are dropped by their name, and with their database', async () => {
  const store = await openStore()
  await createView(store, named('v'), over('things'))
  await createView(store, named('w'), over('things'))
  expect(await dropCollection(store, named('v'))).toEqual({ indexCount: undefined })
  expect(await dropCollection(store, named('v'))).toBeUndefined()
  expect(await dropDatabase(store, 'shop')).toBe(true)
  expect(await resolve(store, 'w')).toBeUndefined()
})

test('a view is a document of system.views, and its changes are whole documents', async () => {
  const store = await openStore()
  await createView(store, named('v'), over('things'))
  await modifyCollection(store, named('v'), { options: {}, index: undefined, view: { viewOn: 'others' } })
  await dropCollection(store, named('v'))
  const [created, ...writes] = await entriesOf(store)
  expect(created).toMatchObject({ op: 'c', ns: 'shop.$cmd' })
  expect(writes.map(({ op, ns, o }) => [op, ns, Buffer.from(o)])).toEqual([
    ['i', 'shop.system.views', Buffer.from(bytes({ _id: 'shop.v', viewOn: 'things', pipeline: [] }))],
    ['u', 'shop.system.views', Buffer.from(bytes({ _id: 'shop.v', viewOn: 'others', pipeline: [] }))],
    ['d', 'shop.system.views', Buffer.from(bytes({ _id: 'shop.v' }))],
  ])
})
