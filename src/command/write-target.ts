/** What a write command writes to. */
import { CommandError } from '../base/errors.ts'
import type { BucketFields } from '../bson/bucket.ts'
import { requireUserCollection } from '../collection/create.ts'
import { showNamespace, type Namespace } from '../collection/namespace.ts'
import { withSnapshot, type Store } from '../collection/store.ts'
import { requireCollection } from '../collection/ddl.ts'
import { findView, notOnView } from '../collection/views.ts'

export interface WriteTarget {
  /** The collection that is written to: that of the buckets for a time-series collection. */
  readonly namespace: Namespace
  /** How its buckets are read; undefined for all but time-series collections. */
  readonly buckets: BucketFields | undefined
}

/** @throws CommandError CommandNotSupportedOnView, InvalidNamespace for a collection of the server's own. */
export async function findWriteTarget(store: Store, namespace: Namespace): Promise<WriteTarget> {
  requireUserCollection(namespace)
  return withSnapshot(store, async snapshot => {
    if ((await store.catalog.find(snapshot, namespace)) !== undefined) return { namespace, buckets: undefined }
    const view = await findView(snapshot, store.catalog, namespace)
    if (view === undefined) return { namespace, buckets: undefined }
    if (!view.isTimeSeries) throw notOnView(namespace)
    const { timeSeries } = await requireCollection(snapshot, store, view.viewOn)
    return { namespace: view.viewOn, buckets: timeSeries }
  })
}

/** The same for a command that can do nothing with buckets. @throws CommandError NotImplemented. */
export async function requireNoBuckets(store: Store, namespace: Namespace): Promise<void> {
  const { buckets } = await findWriteTarget(store, namespace)
  if (buckets === undefined) return
  throw new CommandError(
    'NotImplemented',
    `updates and findAndModify of a time-series collection are not supported yet: ${showNamespace(namespace)}`,
  )
}
