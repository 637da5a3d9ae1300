import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Reader, Snapshot } from '../storage/engine.ts'
import { putInfo } from './catalog.ts'
import { dropCollection } from './ddl.ts'
import type { Namespace } from './namespace.ts'
import { newUuid } from './create.ts'
import type { Store } from './store.ts'
import { bytes, openStore } from './store.suite.ts'

const names: readonly Namespace[] = ['a', 'b', 'c'].map(coll => ({ db: 'shop', coll }))

/** Puts a collection there, which may be there already, with options that tell it from all others. */
const putNew = (store: Store, namespace: Namespace, max: number) =>
  store.engine.write(transaction =>
    putInfo(transaction, namespace, {
      uuid: newUuid(store.env),
      id: max,
      options: bytes({ capped: true, size: 4096, max }),
      indexes: [],
    }),
  )

/** The names that `catalog` finds, each with what tells the collection from others. */
async function shownBy({ catalog }: Store, reader: Reader): Promise<(number | undefined)[]> {
  return Promise.all(names.map(async name => (await catalog.find(reader, name))?.capped?.countMax))
}

/** The same with nothing remembered. */
async function thereIn(store: Store, reader: Reader): Promise<(number | undefined)[]> {
  const all = await store.catalog.list(reader)
  return names.map(({ coll }) => all.find(({ namespace }) => namespace.coll === coll)?.capped?.countMax)
}

test('each reader finds the collections of its own state, whoever has looked before', async () => {
  const act = fc.record({ kind: fc.constantFrom('put', 'drop', 'hold'), name: fc.nat({ max: 2 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 15 }), async acts => {
      const store = await openStore()
      const held: Snapshot[] = []
      for (const [index, { kind, name }] of acts.entries()) {
        const namespace = names[name] as Namespace
        if (kind === 'put') await putNew(store, namespace, index + 1)
        else if (kind === 'drop') await dropCollection(store, namespace)
        else held.push(await store.engine.snapshot())
        for (const reader of held) expect(await shownBy(store, reader)).toEqual(await thereIn(store, reader))
      }
      for (const reader of held) reader.close()
      await store.engine.close()
    }),
    { numRuns: 60 },
  )
})

test('a transaction finds what it has put itself, and nobody else does when it fails', async () => {
  const store = await openStore()
  const [namespace] = names as [Namespace]
  await putNew(store, namespace, 1)
  const failed = store.engine.write(async transaction => {
    expect(await shownBy(store, transaction)).toEqual([1, undefined, undefined])
    putInfo(transaction, namespace, { uuid: newUuid(store.env), id: 2, options: bytes({}), indexes: [] })
    expect((await store.catalog.find(transaction, namespace))?.id).toBe(2)
    throw new Error('not this time')
  })
  await expect(failed).rejects.toThrow('not this time')
  await store.engine.write(async transaction => {
    expect(await shownBy(store, transaction)).toEqual([1, undefined, undefined])
  })
  await store.engine.close()
})

test('what was found once in a state is not read again', async () => {
  const store = await openStore()
  const [namespace] = names as [Namespace]
  await putNew(store, namespace, 1)
  const snapshot = await store.engine.snapshot()
  const { catalogVersion } = snapshot
  let readCount = 0
  const reader: Reader = {
    catalogVersion,
    get: (space, key) => {
      readCount++
      return snapshot.get(space, key)
    },
    getMany: (space, keys) => snapshot.getMany(space, keys),
    scan: (space, range, limits) => snapshot.scan(space, range, limits),
  }
  const first = await store.catalog.find(reader, namespace)
  expect(await store.catalog.find(reader, namespace)).toBe(first)
  expect(readCount).toBe(1)
  expect(await store.catalog.find({ ...reader, catalogVersion: undefined }, namespace)).toBe(first)
  expect(readCount).toBe(2)
  snapshot.close()
  await store.engine.close()
})
