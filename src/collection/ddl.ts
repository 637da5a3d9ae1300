/** Changes of the catalog on request: create, drop, rename, dropDatabase, collMod. Indexes are in indexes.ts. */
import { CommandError } from '../base/errors.ts'
import { binaryValue, encodeDocument, type Encodable } from '../bson/encode.ts'
import { equalValues } from '../bson/compare.ts'
import { elementsOf, getField } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { documentValue, type Value } from '../bson/value.ts'
import type { OplogEntry } from '../oplog/entry.ts'
import type { Reader, WriteTransaction } from '../storage/engine.ts'
import { commitChanges, type Change } from './apply.ts'
import type { CollectionInfo, IndexInfo } from './catalog.ts'
import { createChange, requireUserCollection } from './create.ts'
import { requireCollectionName, showNamespace, type Namespace } from './namespace.ts'
import type { Store } from './store.ts'
import type { TimeSeriesOptions } from './time-series.ts'
import { modifyTimeSeries } from './time-series-ddl.ts'
import { dropView, modifyView, requireFreeName, type ViewModification } from './view-ddl.ts'
import { findView, requireNoView } from './views.ts'

type Options = { readonly [name: string]: Encodable }

export function namespaceNotFound(namespace: Namespace): CommandError {
  return new CommandError('NamespaceNotFound', `ns does not exist: ${showNamespace(namespace)}`)
}

/** Creates a collection with options that were checked. @throws CommandError NamespaceExists. */
export async function createCollection(store: Store, namespace: Namespace, options: Options): Promise<void> {
  requireCollectionName(namespace)
  requireUserCollection(namespace)
  await store.engine.write(async transaction => {
    await requireFreeName(transaction, store, namespace)
    await commitChanges(transaction, store.catalog, [createChange(store.env, namespace, options)])
  })
}

/** What stands in the log for a command on a collection. */
export function commandEntry(store: Store, info: CollectionInfo, o: Options, o2?: Options): OplogEntry {
  return {
    op: 'c',
    ns: `${info.namespace.db}.$cmd`,
    ui: info.uuid,
    o: encodeDocument(o),
    o2: o2 && encodeDocument(o2),
    wallMs: store.env.wallMs(),
  }
}

/** What was dropped. */
export interface Dropped {
  /** Undefined for a view. */
  readonly indexCount: number | undefined
}

/** Drops a collection, a view, or a time-series collection with its buckets. Gives what it was, undefined when there was none. */
export async function dropCollection(store: Store, namespace: Namespace): Promise<Dropped | undefined> {
  const { result } = await store.engine.write(async transaction => {
    const info = await store.catalog.find(transaction, namespace)
    if (info !== undefined) {
      await commitChanges(transaction, store.catalog, [dropChange(store, info)])
      return { indexCount: info.indexes.length }
    }
    const view = await findView(transaction, store.catalog, namespace)
    if (view === undefined) return undefined
    await dropView(transaction, store, view)
    const buckets = view.isTimeSeries ? await store.catalog.find(transaction, view.viewOn) : undefined
    if (buckets !== undefined) await commitChanges(transaction, store.catalog, [dropChange(store, buckets)])
    return { indexCount: undefined }
  })
  return result
}

const dropChange = (store: Store, info: CollectionInfo): Change => ({
  entry: commandEntry(store, info, { drop: info.namespace.coll }),
})

/** Drops all collections of a database, then says that the database is gone. False when it had none. */
export async function dropDatabase(store: Store, db: string): Promise<boolean> {
  const { result } = await store.engine.write(async transaction => {
    const changes: Change[] = []
    for (const { namespace } of await store.catalog.list(transaction, db)) {
      // A scan only proposes; the newest state decides. A collection whose creation is still on its way stays.
      const info = await store.catalog.find(transaction, namespace)
      if (info !== undefined) changes.push(dropChange(store, info))
    }
    if (changes.length === 0) return false
    const o = encodeDocument({ dropDatabase: 1 })
    changes.push({ entry: { op: 'c', ns: `${db}.$cmd`, o, wallMs: store.env.wallMs() } })
    await commitChanges(transaction, store.catalog, changes)
    return true
  })
  return result
}

/** Gives a collection another name, maybe in another database; it keeps its UUID. */
export async function renameCollection(
  store: Store,
  source: Namespace,
  target: Namespace,
  { dropTarget }: { readonly dropTarget: boolean },
): Promise<void> {
  requireUserCollection(source)
  requireCollectionName(target)
  requireUserCollection(target)
  if (showNamespace(source) === showNamespace(target)) {
    throw new CommandError('IllegalOperation', "Can't rename a collection to itself")
  }
  await store.engine.write(async transaction => {
    const info = await store.catalog.find(transaction, source)
    if (info === undefined) {
      await requireNoView(transaction, store.catalog, source)
      throw new CommandError('NamespaceNotFound', `Source collection ${showNamespace(source)} does not exist`)
    }
    requireNoBuild(info)
    const existing = await store.catalog.find(transaction, target)
    if (existing !== undefined && !dropTarget) {
      throw new CommandError('NamespaceExists', 'target namespace exists')
    }
    if (existing === undefined) await requireFreeName(transaction, store, target)
    await commitRename(transaction, store, info, { target, existing })
  })
}

/** An index that is being built is found by the collection's name. @throws CommandError BackgroundOperationInProgressForNamespace. */
function requireNoBuild({ namespace, indexes }: CollectionInfo): void {
  if (!indexes.some(({ building }) => building)) return
  throw new CommandError(
    'BackgroundOperationInProgressForNamespace',
    `cannot perform operation: an index build is currently running for collection '${showNamespace(namespace)}'`,
  )
}

/** Renames as a part of a write. `existing` is what has the name now and goes with that; undefined for nothing. */
export async function commitRename(
  transaction: WriteTransaction,
  store: Store,
  info: CollectionInfo,
  { target, existing }: { readonly target: Namespace; readonly existing: CollectionInfo | undefined },
): Promise<void> {
  const entry = commandEntry(store, info, {
    renameCollection: showNamespace(info.namespace),
    to: showNamespace(target),
    stayTemp: false,
    dropTarget: existing && uuidValue(existing.uuid),
  })
  await commitChanges(transaction, store.catalog, [{ entry }])
}

/** A UUID as BSON has it. */
export function uuidValue(uuid: Uint8Array): Value {
  return binaryValue(4, uuid)
}

/** What collMod is to change: collection options by name, and options of one index by name; or a view's definition. */
export interface Modification {
  readonly options: Options
  /** Which index, by name or by key, and its new options; undefined when no index is concerned. */
  readonly index:
    | { readonly name: string | undefined; readonly key: Value | undefined; readonly options: Options }
    | undefined
  readonly view?: ViewModification
  /** How the buckets of a time-series collection are to be; undefined when they stay as they are. */
  readonly timeSeries?: ((old: TimeSeriesOptions) => TimeSeriesOptions) | undefined
  /** Of time-series and clustered collections; `off` when nothing expires any more. */
  readonly expireAfterSeconds?: bigint | 'off' | undefined
}

/** Changes options. The entry keeps what they were. Gives the index's options of before, for the reply. */
export async function modifyCollection(
  store: Store,
  namespace: Namespace,
  modification: Modification,
): Promise<Options> {
  const { result } = await store.engine.write(transaction =>
    modifyInTransaction(transaction, store, namespace, modification),
  )
  return result
}

/** The same as a part of a write. */
export async function modifyInTransaction(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
  { options, index, view = {}, timeSeries, expireAfterSeconds }: Modification,
): Promise<Options> {
  requireUserCollection(namespace)
  const info = await store.catalog.find(transaction, namespace)
  if (info !== undefined) {
    requireNone({ ...view, timeseries: timeSeries && true }, 'not supported on a collection')
    if (getField(info.options, 'clusteredIndex') === undefined) {
      requireNone({ expireAfterSeconds }, 'only supported on time-series and clustered collections')
    }
    const { cappedSize, cappedMax } = options
    if (info.capped === undefined) requireNone({ cappedSize, cappedMax }, 'only supported on a capped collection')
    return commitModification(transaction, store, info, { options: { ...options, expireAfterSeconds }, index })
  }
  const definition = await findView(transaction, store.catalog, namespace)
  if (definition === undefined) throw namespaceNotFound(namespace)
  if (definition.isTimeSeries) {
    requireNone({ ...options, ...view, index: index && true }, 'not supported on a time-series collection')
    const buckets = await requireCollection(transaction, store, definition.viewOn)
    const of = { view: definition, buckets }
    const changed = timeSeries && (await modifyTimeSeries(transaction, store, of, timeSeries))
    return commitModification(transaction, store, buckets, {
      options: { expireAfterSeconds, ...changed },
      index: undefined,
    })
  }
  requireNone(
    { ...options, index: index && true, timeseries: timeSeries && true, expireAfterSeconds },
    'not supported on a view',
  )
  await modifyView(transaction, store, definition, view)
  return {}
}

async function commitModification(
  transaction: WriteTransaction,
  store: Store,
  info: CollectionInfo,
  { options, index }: Pick<Modification, 'options' | 'index'>,
): Promise<Options> {
  const found = index && requireIndex(info, index)
  const indexOld = found && optionsOf(found.spec, Object.keys(index?.options ?? {}))
  const o: Options = {
    collMod: info.namespace.coll,
    ...options,
    index: found && { name: found.name, ...index?.options },
  }
  const o2: Options = {
    collectionOptions_old: { uuid: uuidValue(info.uuid), ...optionsOf(info.options) },
    indexOptions_old: indexOld,
  }
  await commitChanges(transaction, store.catalog, [{ entry: commandEntry(store, info, o, o2) }])
  return indexOld ?? {}
}

/** Refuses options that were given and do not go with what is modified. @throws CommandError InvalidOptions. */
function requireNone(options: Options, why: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) throw new CommandError('InvalidOptions', `option ${why}: ${name}`)
  }
}

/** The index that a modification names. @throws CommandError IndexNotFound. */
export function requireIndex(info: CollectionInfo, { name, key }: NonNullable<Modification['index']>): IndexInfo {
  const indexes = info.indexes.filter(({ building }) => !building)
  const found = indexes.find(index =>
    name !== undefined ? index.name === name : key !== undefined && equalValues(getField(index.spec, 'key'), key),
  )
  if (found !== undefined) return found
  throw new CommandError(
    'IndexNotFound',
    `cannot find index ${name ?? show(key)} for ns ${showNamespace(info.namespace)}`,
  )
}

function optionsOf(document: Uint8Array, only?: readonly string[]): Options {
  return Object.fromEntries(elementsOf(documentValue(document)).filter(([name]) => only?.includes(name) ?? true))
}

/** The collection as `reader` sees it. @throws CommandError NamespaceNotFound, CommandNotSupportedOnView. */
export async function requireCollection(reader: Reader, store: Store, namespace: Namespace): Promise<CollectionInfo> {
  const info = await store.catalog.find(reader, namespace)
  if (info !== undefined) return info
  await requireNoView(reader, store.catalog, namespace)
  throw namespaceNotFound(namespace)
}
