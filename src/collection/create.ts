/** Brings a collection into being, on request or because of a first write. */
import { must } from '../base/assert.ts'
import type { Env } from '../base/env.ts'
import { CommandError } from '../base/errors.ts'
import { encodeDocument, type Encodable } from '../bson/encode.ts'
import { elementsOf } from '../bson/reader.ts'
import { documentValue } from '../bson/value.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import { commitChanges, type Change } from './apply.ts'
import type { CollectionInfo } from './catalog.ts'
import { keptOptions } from './kept-options.ts'
import { requireCollectionName, showNamespace, type Namespace } from './namespace.ts'
import type { Store } from './store.ts'
import { findView, requireNoView } from './views.ts'

/** 16 bytes of a random UUID (version 4). */
export const newUuid = (env: Env): Uint8Array => uuidFrom(env.randomBytes(16))

/** 16 bytes as those of a UUID (version 4). */
export function uuidFrom(bytes: Uint8Array): Uint8Array {
  const uuid = Uint8Array.from(bytes)
  uuid[6] = (must(uuid[6], 'byte') & 0x0f) | 0x40
  uuid[8] = (must(uuid[8], 'byte') & 0x3f) | 0x80
  return uuid
}

/** An _id index has the collation of its collection. */
const idIndex = (collation: Encodable) => ({ v: 2, key: { _id: 1 }, name: '_id_', collation })

/** The change that creates a collection with these options (already checked). */
export function createChange(
  env: Env,
  namespace: Namespace,
  options: { readonly [name: string]: Encodable } = {},
): Change {
  return {
    entry: {
      op: 'c',
      ns: `${namespace.db}.$cmd`,
      ui: newUuid(env),
      // A clustered collection has no index beside its documents.
      o: encodeDocument({
        create: namespace.coll,
        ...Object.fromEntries(elementsOf(documentValue(keptOptions(encodeDocument(options))))),
        ...(options['clusteredIndex'] === undefined ? { idIndex: idIndex(options['collation']) } : {}),
      }),
      wallMs: env.wallMs(),
    },
  }
}

/**
 * The collection as it is now; a create entry is committed first when it is not there.
 *
 * @throws CommandError CommandNotSupportedOnView when a view has the name, InvalidNamespace.
 */
export async function ensureCollection(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
): Promise<CollectionInfo> {
  const found = await store.catalog.find(transaction, namespace)
  if (found !== undefined) return found
  requireCollectionName(namespace)
  requireUserCollection(namespace)
  await requireNoView(transaction, store.catalog, namespace)
  return ensureAnyCollection(transaction, store, namespace)
}

/**
 * The collection that takes what is inserted into `namespace`: the one of that name, as `ensureCollection`, or that of the buckets
 * of a time-series collection.
 */
export async function ensureInsertable(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
): Promise<CollectionInfo> {
  const found = await store.catalog.find(transaction, namespace)
  if (found !== undefined) return found
  const view = await findView(transaction, store.catalog, namespace)
  if (view?.isTimeSeries !== true) return ensureCollection(transaction, store, namespace)
  const buckets = await store.catalog.find(transaction, view.viewOn)
  if (buckets !== undefined) return buckets
  throw new CommandError(
    'NamespaceNotFound',
    `Buckets collection not found for time-series ${showNamespace(namespace)}`,
  )
}

/** The same as `ensureCollection` for a collection of the server's own. */
export async function ensureAnyCollection(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
): Promise<CollectionInfo> {
  const found = await store.catalog.find(transaction, namespace)
  if (found !== undefined) return found
  await commitChanges(transaction, store.catalog, [createChange(store.env, namespace)])
  return must(await store.catalog.find(transaction, namespace), 'collection that was just created')
}

/** Refuses names that belong to the server. */
export function requireUserCollection(namespace: Namespace): void {
  if (namespace.coll.startsWith('system.') && namespace.coll !== 'system.js') {
    throw new CommandError('InvalidNamespace', `cannot write to '${showNamespace(namespace)}'`)
  }
  if (namespace.db === 'local') {
    throw new CommandError(
      'InvalidNamespace',
      `cannot write to the internal database local: ${showNamespace(namespace)}`,
    )
  }
}
