/** What a delete deletes from. Other writes are refused on a time-series collection, or know it themselves (inserts). */
import type { BucketFields } from '../bson/bucket.ts'
import { requireUserCollection } from '../collection/create.ts'
import { requireCollection } from '../collection/ddl.ts'
import type { Namespace } from '../collection/namespace.ts'
import { withSnapshot } from '../collection/store.ts'
import { bucketsInTransaction } from '../collection/time-series.ts'
import { findView } from '../collection/views.ts'
import type { CommandContext } from './command.ts'

export interface DeleteTarget {
  /** The collection whose documents go: that of the buckets for a time-series collection. */
  readonly namespace: Namespace
  /** How its buckets are read; undefined for all but time-series collections. */
  readonly buckets: BucketFields | undefined
}

/** @throws CommandError InvalidNamespace for a collection of the server's own, OperationNotSupportedInTransaction for buckets. */
export async function findDeleteTarget(
  { store, operation }: CommandContext,
  namespace: Namespace,
): Promise<DeleteTarget> {
  requireUserCollection(namespace)
  return withSnapshot(store, async snapshot => {
    if ((await store.catalog.find(snapshot, namespace)) !== undefined) return { namespace, buckets: undefined }
    const view = await findView(snapshot, store.catalog, namespace)
    if (view?.isTimeSeries !== true) return { namespace, buckets: undefined }
    if (operation.transaction !== undefined) throw bucketsInTransaction(namespace)
    const { timeSeries } = await requireCollection(snapshot, store, view.viewOn)
    return { namespace: view.viewOn, buckets: timeSeries }
  })
}
