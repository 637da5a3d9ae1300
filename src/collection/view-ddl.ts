/** Creating, changing and dropping views: writes to system.views. */
import { CommandError } from '../base/errors.ts'
import { viewDepthMax } from '../base/limits.ts'
import { isSameCollation } from '../bson/collation.ts'
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
import { findView, listViews, tooDeep, viewKey, viewsName, type ViewDefinition } from './views.ts'

/** A view as it is to be; the pipeline was checked. */
export interface ViewParts {
  readonly viewOn: string
  readonly pipeline: readonly Value[]
  /** Undefined for the simple collation. */
  readonly collation: Value | undefined
}

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

/**
 * Refuses a view that would read itself, that would stand too high or lift another too high, or whose collation is not that
 * of the view under it.
 *
 * @throws CommandError GraphContainsCycle, ViewDepthLimitExceeded, OptionNotSupportedOnView.
 */
async function requireSoundGraph(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
  { viewOn, collation }: ViewParts,
): Promise<void> {
  const name = namespace.coll
  // Down the newest state decides; what stands on the view is looked for by a scan, which sees what is durable.
  let depth = 1
  for (let at = viewOn; ; depth++) {
    if (at === name) throw new CommandError('GraphContainsCycle', `View cycle detected: ${showNamespace(namespace)}`)
    const under = await findView(transaction, store.catalog, { db: namespace.db, coll: at })
    if (under === undefined) break
    at = under.viewOn.coll
  }
  const views = await listViews(transaction, store.catalog, namespace.db)
  const viewOnOf = new Map(views.map(view => [view.namespace.coll, view.viewOn.coll]))
  for (const start of viewOnOf.keys()) {
    let height = 0
    let at: string | undefined = start
    for (; at !== undefined && at !== name; at = viewOnOf.get(at)) height++
    if (at === name && depth + height > viewDepthMax) throw tooDeep(namespace)
  }
  if (depth > viewDepthMax) throw tooDeep(namespace)
  for (const other of views) {
    const isNeighbour = other.namespace.coll === viewOn || (other.viewOn.coll === name && other.namespace.coll !== name)
    if (!isNeighbour || other.isTimeSeries || isSameCollation(other.collation, collation)) continue
    throw new CommandError(
      'OptionNotSupportedOnView',
      `View ${showNamespace(namespace)} has conflicting collation with view ${showNamespace(other.namespace)}`,
    )
  }
}
