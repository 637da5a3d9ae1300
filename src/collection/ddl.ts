/** Changes of the catalog on request: create, drop, rename, dropDatabase, collMod. Indexes are in indexes.ts. */
import { CommandError } from '../base/errors.ts'
import { binaryValue, encodeDocument, type Encodable } from '../bson/encode.ts'
import { equalValues } from '../bson/compare.ts'
import { elementsOf, getField } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { documentValue, type Value } from '../bson/value.ts'
import type { OplogEntry } from '../oplog/entry.ts'
import type { Reader } from '../storage/engine.ts'
import { commitChanges, type Change } from './apply.ts'
import type { CollectionInfo } from './catalog.ts'
import { createChange, requireUserCollection } from './create.ts'
import { requireCollectionName, showNamespace, type Namespace } from './namespace.ts'
import type { Store } from './store.ts'
import { dropView, modifyView, requireFreeName, type ViewModification } from './view-ddl.ts'
import { findView, notACollection, requireNoView } from './views.ts'

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

/** Drops a collection or a view. Gives what it was, undefined when there was none. */
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
    const existing = await store.catalog.find(transaction, target)
    if (existing !== undefined && !dropTarget) {
      throw new CommandError('NamespaceExists', 'target namespace exists')
    }
    if (existing === undefined) await requireFreeName(transaction, store, target)
    const entry = commandEntry(store, info, {
      renameCollection: showNamespace(source),
      to: showNamespace(target),
      stayTemp: false,
      dropTarget: existing && uuidValue(existing.uuid),
    })
    await commitChanges(transaction, store.catalog, [{ entry }])
  })
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
}

/** Changes options. The entry keeps what they were. Gives the index's options of before, for the reply. */
export async function modifyCollection(
  store: Store,
  namespace: Namespace,
  { options, index, view = {} }: Modification,
): Promise<Options> {
  requireUserCollection(namespace)
  const given = (parts: object) => Object.entries(parts).flatMap(([name, part]) => (part === undefined ? [] : [name]))
  const { result } = await store.engine.write(async transaction => {
    const info = await store.catalog.find(transaction, namespace)
    if (info === undefined) {
      const definition = await findView(transaction, store.catalog, namespace)
      if (definition === undefined) throw namespaceNotFound(namespace)
      if (definition.isTimeSeries) throw notACollection(definition)
      requireNone(given({ ...options, index }), 'not supported on a view')
      await modifyView(transaction, store, definition, view)
      return {}
    }
    requireNone(given(view), 'only supported on a view')
    const found = index && requireIndex(info, index)
    const indexOld = found && optionsOf(found.spec, Object.keys(index?.options ?? {}))
    const o: Options = {
      collMod: namespace.coll,
      ...options,
      index: found && { name: found.name, ...index?.options },
    }
    const o2: Options = {
      collectionOptions_old: { uuid: uuidValue(info.uuid), ...optionsOf(info.options) },
      indexOptions_old: indexOld,
    }
    await commitChanges(transaction, store.catalog, [{ entry: commandEntry(store, info, o, o2) }])
    return indexOld ?? {}
  })
  return result
}

function requireNone(options: readonly string[], why: string): void {
  if (options.length > 0) throw new CommandError('InvalidOptions', `option ${why}: ${options.join(', ')}`)
}

function requireIndex(info: CollectionInfo, { name, key }: NonNullable<Modification['index']>) {
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
