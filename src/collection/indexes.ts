/**
 * Creating and dropping indexes.
 *
 * A unique index on a collection that may hold documents is built in three steps, so that writes go on meanwhile:
 *
 *   1. it is marked as building: from that commit on every write keeps its entries up and its promise
 *   2. the documents of a snapshot taken after 1 get their entries, in small transactions
 *   3. its entry goes to the log, and it is there
 *
 * If two documents share a key, the index is taken away again and nothing was logged. One that a crash left at 2 is removed
 * at the next start (sweep.ts).
 */
import { must } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import type { Pace } from '../base/pace.ts'
import { equalValues } from '../bson/compare.ts'
import { sameBytes } from '../bson/bytes.ts'
import { elementsOf, getField } from '../bson/reader.ts'
import { documentValue, type Value } from '../bson/value.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import { commitChanges } from './apply.ts'
import { discard, newId } from './apply-command.ts'
import { describeIndex, putInfo, type CollectionInfo, type IndexInfo } from './catalog.ts'
import { duplicateKey } from './constraints.ts'
import { ensureCollection, requireUserCollection } from './create.ts'
import { commandEntry, requireCollection } from './ddl.ts'
import { indexEntriesOf } from './keys.ts'
import type { Namespace } from './namespace.ts'
import { everything, readDocuments } from './read.ts'
import { withSnapshot, type Store } from './store.ts'

export interface IndexCounts {
  readonly before: number
  readonly after: number
  /** Whether the collection was created for them. */
  readonly createdCollection: boolean
}

/** Creates those of the indexes (checked specifications) that are not there yet. */
export async function createIndexes(
  store: Store,
  namespace: Namespace,
  specs: readonly Uint8Array[],
  pace: Pace,
): Promise<IndexCounts> {
  requireUserCollection(namespace)
  const { result: createdCollection } = await store.engine.write(async transaction => {
    if ((await store.catalog.find(transaction, namespace)) !== undefined) return false
    await ensureCollection(transaction, store, namespace)
    return true
  })
  let before: number | undefined
  for (const spec of specs) {
    const { result } = await store.engine.write(transaction => beginIndex(transaction, store, namespace, spec))
    before ??= result.count
    if (result.building !== undefined) await buildIndex(store, namespace, spec, result.building, pace)
  }
  const { result: after } = await store.engine.write(
    async transaction => (await requireCollection(transaction, store, namespace)).indexes.length,
  )
  return { before: before ?? after, after, createdCollection }
}

/** Whether the collection has all of these indexes already. @throws CommandError as `createIndexes` for one in their place. */
export async function hasIndexes(store: Store, namespace: Namespace, specs: readonly Uint8Array[]): Promise<boolean> {
  const info = await withSnapshot(store, snapshot => store.catalog.find(snapshot, namespace))
  return info !== undefined && specs.every(spec => isThere(info, describeIndex(spec)))
}

/** Step 1, or all of it for an index without entries. `building` is undefined when nothing more is to be done. */
async function beginIndex(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
  spec: Uint8Array,
): Promise<{ count: number; building: IndexInfo | undefined }> {
  const info = await requireCollection(transaction, store, namespace)
  const described = describeIndex(spec)
  const count = info.indexes.length
  if (isThere(info, described)) return { count, building: undefined }
  if (!described.unique) {
    await commitIndex(transaction, store, info, spec)
    return { count, building: undefined }
  }
  const building: IndexInfo = { ...described, id: await newId(transaction), building: true }
  putInfo(transaction, namespace, { ...info, indexes: [...info.indexes, building] })
  return { count, building }
}

/**
 * Whether the very same index exists already.
 *
 * @throws CommandError IndexKeySpecsConflict, IndexOptionsConflict when another one is in its place.
 */
function isThere(info: CollectionInfo, wanted: ReturnType<typeof describeIndex>): boolean {
  const keyOf = (spec: Uint8Array) => getField(spec, 'key')
  const sameName = info.indexes.find(({ name }) => name === wanted.name)
  const sameKey = info.indexes.find(({ spec }) => equalValues(keyOf(spec), keyOf(wanted.spec)))
  if (sameName !== undefined && sameName !== sameKey) {
    throw new CommandError(
      'IndexKeySpecsConflict',
      `An existing index has the same name as the requested index. When index names are not specified, they are auto ` +
        `generated and can cause conflicts. Please refer to our documentation. Requested index: ${wanted.name}`,
    )
  }
  if (sameKey === undefined) return false
  const isSame = sameKey.unique === wanted.unique && sameKey.sparse === wanted.sparse
  if (sameName === sameKey && isSame) return true
  throw new CommandError(
    sameName === sameKey ? 'IndexKeySpecsConflict' : 'IndexOptionsConflict',
    `Index already exists with a different name or options: ${sameKey.name}`,
  )
}

async function commitIndex(
  transaction: WriteTransaction,
  store: Store,
  info: CollectionInfo,
  spec: Uint8Array,
): Promise<void> {
  const fields = Object.fromEntries(elementsOf(documentValue(spec)))
  const entry = commandEntry(store, info, { createIndexes: info.namespace.coll, ...fields })
  await commitChanges(transaction, store.catalog, [{ entry }])
}

/** Steps 2 and 3. */
async function buildIndex(
  store: Store,
  namespace: Namespace,
  spec: Uint8Array,
  index: IndexInfo,
  pace: Pace,
): Promise<void> {
  try {
    let keys: Uint8Array[] = []
    const flush = async () => {
      const batch = keys
      keys = []
      await store.engine.write(transaction => addEntries(transaction, store, namespace, index, batch))
    }
    for await (const { key } of readDocuments(store, namespace, everything, { pace })) {
      keys.push(key)
      if (keys.length === 500) await flush()
    }
    await flush()
    await store.engine.write(async transaction => {
      const info = await requireCollection(transaction, store, namespace)
      await commitIndex(transaction, store, info, spec)
    })
  } catch (error) {
    await store.engine.write(transaction => abandonIndex(transaction, store, namespace, index))
    throw error
  }
}

async function addEntries(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
  index: IndexInfo,
  keys: readonly Uint8Array[],
): Promise<void> {
  const info = await requireCollection(transaction, store, namespace)
  for (const key of keys) {
    const document = await transaction.get('records', key)
    if (document === undefined) continue
    for (const entry of indexEntriesOf(index, document)) {
      const holder = await transaction.get('index', entry.key)
      if (holder !== undefined && !sameBytes(holder, key)) throw duplicateKey(info, index, entry.values)
      transaction.put('index', entry.key, key)
    }
  }
}

/** Takes an unfinished index away; it was never logged. */
export async function abandonIndex(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
  index: IndexInfo,
): Promise<void> {
  const info = await store.catalog.find(transaction, namespace)
  const indexes = info?.indexes.filter(({ id, building }) => !(id === index.id && building))
  if (info === undefined || indexes === undefined || indexes.length === info.indexes.length) return
  putInfo(transaction, namespace, { ...info, indexes })
  discard(transaction, 'index', index.id)
}

/** Which indexes to drop: `'*'`, a name, several names, or a key. */
export type IndexChoice = 'all' | { readonly names: readonly string[] } | { readonly key: Value }

/** Drops indexes, never that of _id. Gives how many there were. */
export async function dropIndexes(store: Store, namespace: Namespace, choice: IndexChoice): Promise<number> {
  const { result } = await store.engine.write(async transaction => {
    const info = await requireCollection(transaction, store, namespace)
    const chosen = chooseIndexes(info, choice)
    await commitChanges(
      transaction,
      store.catalog,
      chosen.map(index => {
        const spec = Object.fromEntries(elementsOf(documentValue(index.spec)))
        return { entry: commandEntry(store, info, { dropIndexes: namespace.coll, index: index.name }, spec) }
      }),
    )
    return info.indexes.length
  })
  return result
}

function chooseIndexes(info: CollectionInfo, choice: IndexChoice): readonly IndexInfo[] {
  if (choice === 'all') return info.indexes.filter(({ name }) => name !== '_id_')
  const chosen =
    'key' in choice
      ? [info.indexes.find(({ spec }) => equalValues(getField(spec, 'key'), choice.key))]
      : choice.names.map(wanted => info.indexes.find(({ name }) => name === wanted))
  return chosen.map((index, position) => {
    if (index === undefined) {
      const what = 'key' in choice ? 'with the given key' : `with name [${must(choice.names[position], 'name')}]`
      throw new CommandError('IndexNotFound', `index not found ${what}`)
    }
    if (index.name === '_id_') throw new CommandError('InvalidOptions', 'cannot drop _id index')
    return index
  })
}
