/** Sizes as collStats, $collStats and dbStats give them. */
import type { Pace } from '../base/pace.ts'
import { CommandError } from '../base/errors.ts'
import { encodeDocument, type Encodable } from '../bson/encode.ts'
import { getField } from '../bson/reader.ts'
import { isNumber, toBool, BsonType, type Value } from '../bson/value.ts'
import type { CollectionInfo } from '../collection/catalog.ts'
import { weighCollection, weighSystemNamespace, type CollectionWeight } from '../collection/measure.ts'
import { showNamespace, type Namespace } from '../collection/namespace.ts'
import { withSnapshot, type Store } from '../collection/store.ts'
import { findSystemNamespace } from '../collection/system-reads.ts'
import { findView, notOnView, requireNoView } from '../collection/views.ts'
import { integer, type FieldParser } from './fields.ts'

/** By what sizes are divided. */
export const scale: FieldParser<number> = (value, path) => {
  const factor = value === undefined ? 1 : integer(value, path)
  if (factor >= 1) return factor
  throw new CommandError('BadValue', `BSON field '${path}' value must be >= 1, actual value '${factor}'`)
}

/** A whole number in the smallest type that holds it, as the server gives sizes. */
export const whole = (number: number): number | bigint => {
  const floor = Math.floor(number)
  return floor > 0x7fffffff ? BigInt(floor) : floor
}

export interface StatsOptions {
  readonly factor: number
  readonly pace: Pace
}

/**
 * The storageStats of a collection; zeros when it is not there. `storageSize` is what its keys and documents take before the engine
 * puts them into pages, which nobody counts by collection. Reads the whole collection.
 */
export async function storageStats(
  store: Store,
  namespace: Namespace,
  { factor, pace }: StatsOptions,
): Promise<{ readonly [name: string]: Encodable }> {
  const { weight, options, building, bucketsNs } = await measure(store, namespace, pace)
  const { count = 0, valueBytes = 0, storedBytes = 0 } = weight?.documents ?? {}
  const indexes = [...(weight?.indexes ?? [])]
  const indexBytes = indexes.reduce((sum, [, index]) => sum + index.storedBytes, 0)
  const scaled = (bytes: number) => whole(bytes / factor)
  return {
    size: scaled(valueBytes),
    ...(bucketsNs === undefined
      ? { count: whole(count), avgObjSize: count === 0 ? undefined : whole(valueBytes / count) }
      : { timeseries: { bucketsNs, bucketCount: whole(count) } }),
    numOrphanDocs: 0,
    storageSize: scaled(storedBytes),
    freeStorageSize: 0,
    ...cappedStats(options, factor),
    nindexes: indexes.length,
    indexDetails: {},
    indexBuilds: building,
    totalIndexSize: scaled(indexBytes),
    totalSize: scaled(storedBytes + indexBytes),
    indexSizes: Object.fromEntries(indexes.map(([name, index]) => [name, scaled(index.storedBytes)])),
    scaleFactor: factor,
  }
}

interface Measured {
  readonly weight: CollectionWeight | undefined
  /** As listCollections shows them. */
  readonly options: Uint8Array
  /** Names of indexes. */
  readonly building: readonly string[]
  /** Of a time-series collection, which is weighed by its buckets. */
  readonly bucketsNs?: string
}

/** @throws CommandError for a view. */
async function measure(store: Store, namespace: Namespace, pace: Pace): Promise<Measured> {
  const system = findSystemNamespace(namespace)
  if (system !== undefined) {
    const weight = await weighSystemNamespace(store, system, pace)
    return { weight, options: encodeDocument(system.options(store)), building: [] }
  }
  const { info, isTimeSeries } = await findMeasured(store, namespace)
  return {
    weight: info && (await weighCollection(store, info, pace)),
    options: info?.options ?? encodeDocument({}),
    building: info?.indexes.filter(({ building }) => building).map(({ name }) => name) ?? [],
    ...(isTimeSeries && info !== undefined ? { bucketsNs: showNamespace(info.namespace) } : {}),
  }
}

/** Of a time-series collection its buckets. @throws CommandError for a view. */
async function findMeasured(
  store: Store,
  namespace: Namespace,
): Promise<{ readonly info: CollectionInfo | undefined; readonly isTimeSeries: boolean }> {
  return withSnapshot(store, async snapshot => {
    const info = await store.catalog.find(snapshot, namespace)
    const view = info === undefined ? await findView(snapshot, store.catalog, namespace) : undefined
    if (view === undefined) return { info, isTimeSeries: false }
    if (!view.isTimeSeries) throw notOnView(namespace)
    return { info: await store.catalog.find(snapshot, view.viewOn), isTimeSeries: true }
  })
}

/** The collection of that name; undefined when there is none. @throws CommandError for a view or a time-series collection. */
export async function findCollection(store: Store, namespace: Namespace): Promise<CollectionInfo | undefined> {
  return withSnapshot(store, async snapshot => {
    const info = await store.catalog.find(snapshot, namespace)
    if (info === undefined) await requireNoView(snapshot, store.catalog, namespace)
    return info
  })
}

function cappedStats(options: Uint8Array, factor: number): { readonly [name: string]: Encodable } {
  const option = (name: string): Value | undefined => getField(options, name)
  const capped = option('capped')
  if (capped === undefined || capped.type !== BsonType.bool || !toBool(capped)) return { capped: false }
  const size = option('size')
  return {
    capped: true,
    max: option('max') ?? 0,
    maxSize: isNumber(size) ? whole(integer(size, 'size') / factor) : undefined,
  }
}

/** Like storageStats, under the collection's name. */
export async function namedStats(
  store: Store,
  namespace: Namespace,
  options: StatsOptions,
): Promise<{ readonly [name: string]: Encodable }> {
  return { ns: showNamespace(namespace), ...(await storageStats(store, namespace, options)) }
}
