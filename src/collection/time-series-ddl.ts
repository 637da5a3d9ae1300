/** Creating and changing time-series collections: a view, and the collection of its buckets. */
import type { Encodable } from '../bson/encode.ts'
import { must } from '../base/assert.ts'
import { getField } from '../bson/reader.ts'
import type { Value } from '../bson/value.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import { commitChanges } from './apply.ts'
import { createChange, requireUserCollection } from './create.ts'
import { requireCollectionName, type Namespace } from './namespace.ts'
import type { Store } from './store.ts'
import { decodeTimeSeries, encodeTimeSeries, unpackingPipeline, type TimeSeriesOptions } from './time-series.ts'
import { modifyView, putView, requireFreeName } from './view-ddl.ts'
import { bucketsName, type ViewDefinition } from './views.ts'
import type { CollectionInfo } from './catalog.ts'

export interface TimeSeriesParts {
  readonly series: TimeSeriesOptions
  /** Undefined for the simple collation. */
  readonly collation: Value | undefined
  /** Undefined when measurements stay. */
  readonly expireAfterSeconds: bigint | undefined
}

/** Creates a time-series collection. @throws CommandError NamespaceExists, InvalidNamespace. */
export async function createTimeSeries(
  store: Store,
  namespace: Namespace,
  { series, collation, expireAfterSeconds }: TimeSeriesParts,
): Promise<void> {
  requireCollectionName(namespace)
  requireUserCollection(namespace)
  const viewOn = bucketsName(namespace.coll)
  const buckets = { db: namespace.db, coll: viewOn }
  requireCollectionName(buckets)
  await store.engine.write(async transaction => {
    await requireFreeName(transaction, store, namespace)
    await requireFreeName(transaction, store, buckets)
    const options = { clusteredIndex: true, expireAfterSeconds, timeseries: encodeTimeSeries(series) }
    await commitChanges(transaction, store.catalog, [createChange(store.env, buckets, options)])
    await putView(transaction, store, namespace, { viewOn, pipeline: unpackingPipeline(series), collation })
  })
}

/** Changes the definition of the view. Gives what is to be changed in the options of the buckets. */
export async function modifyTimeSeries(
  transaction: WriteTransaction,
  store: Store,
  { view, buckets }: { readonly view: ViewDefinition; readonly buckets: CollectionInfo },
  change: (old: TimeSeriesOptions) => TimeSeriesOptions,
): Promise<{ readonly timeseries: Encodable }> {
  const old = must(getField(buckets.options, 'timeseries'), 'timeseries of a collection of buckets')
  const series = change(decodeTimeSeries(old))
  await modifyView(transaction, store, view, { pipeline: unpackingPipeline(series) })
  return { timeseries: encodeTimeSeries(series) }
}
