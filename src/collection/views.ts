/**
 * Views: names that stand for a pipeline over something else.
 *
 *   documents of db.system.views    { _id: 'db.view', viewOn: 'coll', pipeline: [ … ][, collation: { … }] }
 *
 * That is an ordinary collection, as in MongoDB: creating, changing and dropping a view are an insert, an update and a delete
 * in it, so the log, replays and dropDatabase need to know nothing of views. A time-series collection is a view over the
 * collection of its buckets.
 */
import { CommandError } from '../base/errors.ts'
import { viewDepthMax } from '../base/limits.ts'
import { must } from '../base/assert.ts'
import { stringValue } from '../bson/encode.ts'
import { getField, itemsOf } from '../bson/reader.ts'
import { toText, type Value } from '../bson/value.ts'
import type { Reader } from '../storage/engine.ts'
import type { Catalog } from './catalog.ts'
import { rangeOf, recordKey } from './keys.ts'
import { parseNamespace, showNamespace, type Namespace } from './namespace.ts'

/** Where the views of a database are kept. */
export const viewsName = 'system.views'

/** The collection of the buckets of the time-series collection `coll`. */
export const bucketsName = (coll: string): string => `${bucketsPrefix}${coll}`
export const bucketsPrefix = 'system.buckets.'

export interface ViewDefinition {
  readonly namespace: Namespace
  /** What it is over, in the same database: a collection, another view, or nothing yet. */
  readonly viewOn: Namespace
  readonly pipeline: readonly Value[]
  /** Undefined for the simple collation. */
  readonly collation: Value | undefined
  readonly isTimeSeries: boolean
  /** The document of system.views. */
  readonly document: Uint8Array
}

/** The view of that name, as it is written down; undefined when there is none. */
export async function findView(
  reader: Reader,
  catalog: Catalog,
  namespace: Namespace,
): Promise<ViewDefinition | undefined> {
  const views = await catalog.find(reader, { db: namespace.db, coll: viewsName })
  if (views === undefined) return undefined
  const document = await reader.get('records', viewKey(views.id, namespace))
  return document && decodeView(document)
}

/** The key of a view's document in the collection `viewsId`. */
export const viewKey = (viewsId: number, namespace: Namespace): Uint8Array =>
  recordKey(viewsId, stringValue(showNamespace(namespace)))

/** All views of a database, in the order of their names. */
export async function listViews(reader: Reader, catalog: Catalog, db: string): Promise<ViewDefinition[]> {
  const views = await catalog.find(reader, { db, coll: viewsName })
  if (views === undefined) return []
  const records = await reader.scan('records', rangeOf(views.id), { countMax: Infinity, bytesMax: Infinity })
  return records.map(({ value }) => decodeView(value))
}

function decodeView(document: Uint8Array): ViewDefinition {
  const field = (name: string): Value => must(getField(document, name), `${name} of a view`)
  const namespace = parseNamespace(toText(field('_id')))
  const coll = toText(field('viewOn'))
  return {
    namespace,
    viewOn: { db: namespace.db, coll },
    pipeline: itemsOf(field('pipeline')),
    collation: getField(document, 'collation'),
    isTimeSeries: coll.startsWith(bucketsPrefix),
    document,
  }
}

/** A view, followed to what it reads. */
export interface ResolvedView {
  readonly view: ViewDefinition
  /** The collection under it, which need not be there. */
  readonly source: Namespace
  /** The stages of all views on the way, those next to the collection first. */
  readonly pipeline: readonly Value[]
}

/**
 * What a read of `namespace` reads where it is a view; undefined for a collection, and for a name that nothing has.
 *
 * @throws CommandError ViewDepthLimitExceeded.
 */
export async function resolveView(
  reader: Reader,
  catalog: Catalog,
  namespace: Namespace,
): Promise<ResolvedView | undefined> {
  if ((await catalog.find(reader, namespace)) !== undefined) return undefined
  const view = await findView(reader, catalog, namespace)
  if (view === undefined) return undefined
  const path = [view]
  for (let last = view; ;) {
    const next = await findView(reader, catalog, last.viewOn)
    if (next === undefined) {
      return { view, source: last.viewOn, pipeline: path.toReversed().flatMap(({ pipeline }) => pipeline) }
    }
    path.push(next)
    if (path.length > viewDepthMax) throw tooDeep(namespace)
    last = next
  }
}

export function tooDeep(namespace: Namespace): CommandError {
  return new CommandError(
    'ViewDepthLimitExceeded',
    `View depth too deep or view cycle detected; maximum depth is ${viewDepthMax}: ${showNamespace(namespace)}`,
  )
}

/** Refuses what only a collection can do. @throws CommandError CommandNotSupportedOnView, NotImplemented. */
export async function requireNoView(reader: Reader, catalog: Catalog, namespace: Namespace): Promise<void> {
  const view = await findView(reader, catalog, namespace)
  if (view !== undefined) throw notACollection(view)
}

function notACollection({ namespace, isTimeSeries }: ViewDefinition): CommandError {
  if (!isTimeSeries) return notOnView(namespace)
  const name = showNamespace(namespace)
  return new CommandError('NotImplemented', `this is not supported yet on a time-series collection, which ${name} is`)
}

export const notOnView = (namespace: Namespace): CommandError =>
  new CommandError('CommandNotSupportedOnView', `Namespace ${showNamespace(namespace)} is a view, not a collection`)
