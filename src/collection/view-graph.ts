/** Which names views read, and whether views stand on one another soundly. */
import { CommandError } from '../base/errors.ts'
import { viewDepthMax } from '../base/limits.ts'
import { isSameCollation } from '../bson/collation.ts'
import { elementsOf, itemsOf } from '../bson/reader.ts'
import { isArray, isDocument, isString, toText, type Value } from '../bson/value.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import { showNamespace, type Namespace } from './namespace.ts'
import type { Store } from './store.ts'
import { findView, listViews, tooDeep, type ViewDefinition } from './views.ts'

/** A view as it is to be; the pipeline was checked. */
export interface ViewParts {
  readonly viewOn: string
  readonly pipeline: readonly Value[]
  /** Undefined for the simple collation. */
  readonly collation: Value | undefined
}

/** The names that a view reads itself: what it is over, and what its stages and their pipelines read. */
export function namesRead({ viewOn, pipeline }: Pick<ViewParts, 'viewOn' | 'pipeline'>): ReadonlySet<string> {
  const names = new Set([viewOn])
  addNames(pipeline, names)
  return names
}

function addNames(pipeline: readonly Value[], names: Set<string>): void {
  for (const stage of pipeline) {
    if (!isDocument(stage)) continue
    for (const [name, spec] of elementsOf(stage)) {
      if (name === '$unionWith' && isString(spec)) names.add(toText(spec))
      if (!isDocument(spec) || !reading.has(name)) continue
      for (const [field, value] of elementsOf(spec)) {
        if (isString(value) && (field === 'from' || field === 'coll')) names.add(toText(value))
        if (isArray(value)) addNames(itemsOf(value), names)
      }
    }
  }
}

/** Stages that read other collections, or have pipelines that may. */
const reading: ReadonlySet<string> = new Set(['$facet', '$lookup', '$unionWith'])

/**
 * Refuses a view that would read itself, that would stand too high or lift another too high, or whose collation is not that
 * of the view under it.
 *
 * @throws CommandError GraphContainsCycle, ViewDepthLimitExceeded, OptionNotSupportedOnView.
 */
export async function requireSoundGraph(
  transaction: WriteTransaction,
  store: Store,
  namespace: Namespace,
  parts: ViewParts,
): Promise<void> {
  const { db, coll } = namespace
  // Down the newest state decides; what stands on the view is looked for by a scan, which sees what is durable.
  const below = new Map<string, number>()
  const depthOf = async (name: string): Promise<number> => {
    if (name === coll) throw new CommandError('GraphContainsCycle', `View cycle detected: ${showNamespace(namespace)}`)
    const known = below.get(name)
    if (known !== undefined) return known
    const under = await findView(transaction, store.catalog, { db, coll: name })
    const depth = under === undefined ? 0 : await depthOn(namesRead({ ...under, viewOn: under.viewOn.coll }))
    below.set(name, depth)
    return depth
  }
  const depthOn = async (names: ReadonlySet<string>): Promise<number> => {
    let deepest = 0
    for (const name of names) deepest = Math.max(deepest, await depthOf(name))
    return deepest + 1
  }
  const depth = await depthOn(namesRead(parts))
  const views = await listViews(transaction, store.catalog, db)
  if (depth + heightAbove(coll, views) > viewDepthMax) throw tooDeep(namespace)
  requireSameCollation(namespace, parts, views)
}

/** How many views stand on `name` in the longest line. */
function heightAbove(name: string, views: readonly ViewDefinition[]): number {
  const reads = new Map(views.map(view => [view.namespace.coll, namesRead({ ...view, viewOn: view.viewOn.coll })]))
  const heights = new Map<string, number>()
  /** Of the longest line from `start` down to the name; -1 when none leads there. */
  const heightOf = (start: string): number => {
    if (start === name) return 0
    const known = heights.get(start)
    if (known !== undefined) return known
    // Until it is known, so that a cycle that other writers made meanwhile has an end.
    heights.set(start, -1)
    const under = [...(reads.get(start) ?? [])].map(heightOf)
    const highest = Math.max(-1, ...under)
    const height = highest === -1 ? -1 : highest + 1
    heights.set(start, height)
    return height
  }
  return Math.max(0, ...[...reads.keys()].map(heightOf))
}

function requireSameCollation(
  namespace: Namespace,
  { viewOn, collation }: ViewParts,
  views: readonly ViewDefinition[],
): void {
  const { coll: name } = namespace
  for (const other of views) {
    const isNeighbour = other.namespace.coll === viewOn || (other.viewOn.coll === name && other.namespace.coll !== name)
    if (!isNeighbour || other.isTimeSeries || isSameCollation(other.collation, collation)) continue
    throw new CommandError(
      'OptionNotSupportedOnView',
      `View ${showNamespace(namespace)} has conflicting collation with view ${showNamespace(other.namespace)}`,
    )
  }
}
