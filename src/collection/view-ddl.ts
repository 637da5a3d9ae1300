/** Creating, changing and dropping views: writes to system.views. */
import { CommandError } from '../base/errors.ts'
import { arrayValue, encodeDocument } from '../bson/encode.ts'
import type { Value } from '../bson/value.ts'
import type { OplogEntry } from '../oplog/entry.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import { commitChanges, type Change } from './apply.ts'
import type { CollectionInfo } from './catalog.ts'
import { ensureAnyCollection, requireUserCollection } from './create.ts'
import { documentKeyOf } from './document-id.ts'
import { requireCollectionName, showNamespace, type Namespace } from './namespace.ts'
import type { Store } from './store.ts'
import { requireSoundGraph, type ViewParts } from './view-graph.ts'
import { findView, viewKey, viewsName, type ViewDefinition } from './views.ts'

/** Creates a view. @throws CommandError NamespaceExists, GraphContainsCycle, ViewDepthLimitExceeded, InvalidNamespace. */
export async function createView(store: Store, namespace: Namespace, parts: ViewParts): Promise<void> {
  requireCollectionName(namespace)
  requireUserCollection(namespace)
  await store.engine.write(async transaction => {
    await requireFreeName(transaction, store, namespace)
    await requireSoundGraph(transaction, store, namespace, parts)
    await putView(transaction, store, namespace, parts)
  })
}

/** Refuses a name that a collection or a view has. @throws CommandError NamespaceExists. */
export async function requireFreeName(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
): Promise<void> {
  if ((await store.catalog.find(transaction, namespace)) !== undefined) {
    throw new CommandError('NamespaceExists', `Collection ${showNamespace(namespace)} already exists.`)
  }
  if ((await findView(transaction, store.catalog, namespace)) !== undefined) {
    throw new CommandError('NamespaceExists', `a view already exists. NS: ${showNamespace(namespace)}`)
  }
}

/** Writes a new view down. */
export async function putView(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
  parts: ViewParts,
): Promise<void> {
  const views = await ensureAnyCollection(transaction, store, { db: namespace.db, coll: viewsName })
  const document = encodeView(namespace, parts)
  await commitChanges(transaction, store.catalog, [
    viewChange(store, views, namespace, { op: 'i', o: document, o2: documentKeyOf(document) }),
  ])
}

const encodeView = (namespace: Namespace, { viewOn, pipeline, collation }: ViewParts): Uint8Array =>
  encodeDocument({ _id: showNamespace(namespace), viewOn, pipeline: arrayValue(pipeline), collation })

function viewChange(
  store: Store,
  views: CollectionInfo,
  namespace: Namespace,
  entry: Pick<OplogEntry, 'op' | 'o' | 'o2'>,
): Change {
  return {
    info: views,
    key: viewKey(views.id, namespace),
    entry: { ...entry, ns: showNamespace(views.namespace), ui: views.uuid, wallMs: store.env.wallMs() },
  }
}

/** What is undefined stays as it is. */
export interface ViewModification {
  readonly viewOn?: string | undefined
  readonly pipeline?: readonly Value[] | undefined
}

/** Gives a view another definition. The whole of it is logged, since that is what its event tells. */
export async function modifyView(
  transaction: WriteTransaction,
  store: Store,
  view: ViewDefinition,
  { viewOn = view.viewOn.coll, pipeline = view.pipeline }: ViewModification,
): Promise<void> {
  const { namespace, collation } = view
  const parts = { viewOn, pipeline, collation }
  if (!view.isTimeSeries) await requireSoundGraph(transaction, store, namespace, parts)
  const views = await ensureAnyCollection(transaction, store, { db: namespace.db, coll: viewsName })
  const o2 = documentKeyOf(view.document)
  const change = viewChange(store, views, namespace, { op: 'u', o: encodeView(namespace, parts), o2 })
  await commitChanges(transaction, store.catalog, [{ ...change, before: view.document }])
}

export async function dropView(transaction: WriteTransaction, store: Store, view: ViewDefinition): Promise<void> {
  const views = await ensureAnyCollection(transaction, store, { db: view.namespace.db, coll: viewsName })
  const change = viewChange(store, views, view.namespace, { op: 'd', o: documentKeyOf(view.document) })
  await commitChanges(transaction, store.catalog, [{ ...change, before: view.document }])
}
