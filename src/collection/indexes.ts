/**
 * Creating and dropping indexes.
 *
 * Where one of them is unique, the indexes of a command are built in three steps, so that writes go on meanwhile:
 *
 *   1. they are marked as building: from that commit on every write keeps their entries up and their promise
 *   2. the documents of a snapshot taken after 1 get their entries, in small transactions
 *   3. their entry goes to the log, and they are there
 *
 * If two documents share a key, the indexes are taken away again and nothing was logged. Those that a crash left at 2 are
 * removed at the next start (sweep.ts).
 *
 * The log tells of indexes on an empty collection one by one, and of those on others by one entry for the command. Source:
 * MongoDB 8.0, createIndexes and commitIndexBuild in the oplog.
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
import { ensureCollection, newUuid, requireUserCollection } from './create.ts'
import { commandEntry, requireCollection, uuidValue } from './ddl.ts'
import { addHolder, holdersOf } from './index-entries.ts'
import { indexEntriesOf, rangeOf } from './keys.ts'
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
  const { result: begun } = await store.engine.write(transaction => beginIndexes(transaction, store, namespace, specs))
  const { building } = begun
  if (building.length > 0) {
    const commit = async (transaction: WriteTransaction, isEmpty: boolean) => {
      const info = await requireCollection(transaction, store, namespace)
      await commitIndexes(transaction, store, info, building, { isEmpty })
    }
    await buildIndexes(store, namespace, { indexes: building, pace, commit })
  }
  const { result: after } = await store.engine.write(
    async transaction => (await requireCollection(transaction, store, namespace)).indexes.length,
  )
  return { before: begun.count, after, createdCollection }
}

/** Whether the collection has all of these indexes already. @throws CommandError as `createIndexes` for one in their place. */
export async function hasIndexes(store: Store, namespace: Namespace, specs: readonly Uint8Array[]): Promise<boolean> {
  const info = await withSnapshot(store, snapshot => store.catalog.find(snapshot, namespace))
  return info !== undefined && specs.every(spec => isThere(info.indexes, describeIndex(spec)))
}

/** Step 1, or all of it for indexes without entries. `building` is empty when nothing more is to be done. */
async function beginIndexes(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
  specs: readonly Uint8Array[],
): Promise<{ count: number; building: readonly IndexInfo[] }> {
  const info = await requireCollection(transaction, store, namespace)
  const wanted: Description[] = []
  for (const spec of specs) {
    const described = describeIndex(spec)
    if (!isThere([...info.indexes, ...wanted], described)) wanted.push(described)
  }
  const count = info.indexes.length
  if (!wanted.some(({ unique }) => unique)) {
    const documents = await transaction.scan('records', rangeOf(info.id), { countMax: 1, bytesMax: 1 })
    await commitIndexes(transaction, store, info, wanted, { isEmpty: documents.length === 0 })
    return { count, building: [] }
  }
  const building: IndexInfo[] = []
  for (const described of wanted) building.push({ ...described, id: await newId(transaction), building: true })
  putInfo(transaction, namespace, { ...info, indexes: [...info.indexes, ...building] })
  return { count, building }
}

type Description = ReturnType<typeof describeIndex>

/**
 * Whether the very same index exists already.
 *
 * @throws CommandError IndexKeySpecsConflict, IndexOptionsConflict when another one is in its place.
 */
function isThere(indexes: readonly Description[], wanted: Description): boolean {
  // What makes two indexes the same: one key may have several, with different collations.
  const isSameIn = (name: 'key' | 'collation', a: Uint8Array, b: Uint8Array) =>
    equalValues(getField(a, name), getField(b, name))
  const sameName = indexes.find(({ name }) => name === wanted.name)
  const sameKey = indexes.find(
    ({ spec }) => isSameIn('key', spec, wanted.spec) && isSameIn('collation', spec, wanted.spec),
  )
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

async function commitIndexes(
  transaction: WriteTransaction,
  store: Store,
  info: CollectionInfo,
  indexes: readonly Description[],
  { isEmpty }: { readonly isEmpty: boolean },
): Promise<void> {
  if (indexes.length === 0) return
  const { coll } = info.namespace
  const specs = indexes.map(({ spec }) => spec)
  const entries = isEmpty
    ? specs.map(spec => commandEntry(store, info, { createIndexes: coll, ...fieldsOf(spec) }))
    : [
        commandEntry(store, info, {
          commitIndexBuild: coll,
          indexBuildUUID: uuidValue(newUuid(store.env)),
          indexes: specs,
        }),
      ]
  await commitChanges(
    transaction,
    store.catalog,
    entries.map(entry => ({ entry })),
  )
}

const fieldsOf = (document: Uint8Array) => Object.fromEntries(elementsOf(documentValue(document)))

export interface IndexBuild<T> {
  /** Marked as building. */
  readonly indexes: readonly IndexInfo[]
  readonly pace: Pace
  /** Step 3. `isEmpty` tells that there were no documents. */
  commit(transaction: WriteTransaction, isEmpty: boolean): Promise<T>
}

/** Steps 2 and 3. If anything fails the indexes are taken away again. */
export async function buildIndexes<T>(
  store: Store,
  namespace: Namespace,
  { indexes, pace, commit }: IndexBuild<T>,
): Promise<T> {
  const filled = indexes.filter(index => index.hasEntries)
  try {
    let isEmpty = true
    let keys: Uint8Array[] = []
    const flush = async () => {
      const batch = keys
      keys = []
      await store.engine.write(transaction => addEntries(transaction, store, namespace, filled, batch))
    }
    for await (const { key } of readDocuments(store, namespace, everything, { pace })) {
      isEmpty = false
      keys.push(key)
      if (keys.length === 500) await flush()
    }
    await flush()
    const { result } = await store.engine.write(async transaction => {
      const info = await requireCollection(transaction, store, namespace)
      if (!indexes.every(({ id }) => info.indexes.some(index => index.id === id))) {
        throw new CommandError('IndexBuildAborted', 'the collection was dropped while its indexes were being built')
      }
      return commit(transaction, isEmpty)
    })
    return result
  } catch (error) {
    await store.engine.write(transaction => abandonIndexes(transaction, store, namespace, indexes))
    throw error
  }
}

async function addEntries(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
  indexes: readonly IndexInfo[],
  keys: readonly Uint8Array[],
): Promise<void> {
  const info = await requireCollection(transaction, store, namespace)
  for (const key of keys) {
    const document = await transaction.get('records', key)
    if (document === undefined) continue
    for (const index of indexes) {
      for (const entry of indexEntriesOf(index, document)) {
        const others = (await holdersOf(transaction, index, entry)).filter(holder => !sameBytes(holder, key))
        if (index.unique && others.length > 0) throw duplicateKey(info, index, entry.values)
        await addHolder(transaction, index, entry, key)
      }
    }
  }
}

/** Takes unfinished indexes away; they were never logged. */
export async function abandonIndexes(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
  abandoned: readonly IndexInfo[],
): Promise<void> {
  const info = await store.catalog.find(transaction, namespace)
  if (info === undefined) return
  const gone = info.indexes.filter(({ id, building }) => building && abandoned.some(index => index.id === id))
  if (gone.length === 0) return
  putInfo(transaction, namespace, { ...info, indexes: info.indexes.filter(index => !gone.includes(index)) })
  for (const { id } of gone) discard(transaction, 'index', id)
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
        const o = { dropIndexes: namespace.coll, index: index.name }
        return { entry: commandEntry(store, info, o, fieldsOf(index.spec)) }
      }),
    )
    return info.indexes.length
  })
  return result
}

function chooseIndexes(info: CollectionInfo, choice: IndexChoice): readonly IndexInfo[] {
  // Those that are still being built were not logged, so nothing tells that they go.
  const indexes = info.indexes.filter(({ building }) => !building)
  const [idIndex, ...others] = indexes
  if (choice === 'all') return others
  const chosen =
    'key' in choice
      ? [indexes.find(({ spec }) => equalValues(getField(spec, 'key'), choice.key))]
      : choice.names.map(wanted => indexes.find(({ name }) => name === wanted))
  return chosen.map((index, position) => {
    if (index === undefined) {
      const what = 'key' in choice ? 'with the given key' : `with name [${must(choice.names[position], 'name')}]`
      throw new CommandError('IndexNotFound', `index not found ${what}`)
    }
    if (index === idIndex) throw new CommandError('InvalidOptions', 'cannot drop _id index')
    return index
  })
}
