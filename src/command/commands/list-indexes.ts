/** The indexes of a collection. */
import { firstBatchCountDefault } from '../../base/limits.ts'
import { requireCollection } from '../../collection/ddl.ts'
import { showNamespace, type Namespace } from '../../collection/namespace.ts'
import { withSnapshot, type Store } from '../../collection/store.ts'
import { findSystemNamespace } from '../../collection/system-reads.ts'
import { findView } from '../../collection/views.ts'
import { sourceOf } from '../../cursor/source.ts'
import type { Command } from '../command.ts'
import { firstBatch } from '../cursor-reply.ts'
import {
  collectionName,
  count,
  document,
  falsy,
  notSupported,
  optional,
  readDocumentFields,
  readFields,
} from '../fields.ts'

const table = {
  listIndexes: collectionName,
  cursor: optional(document),
  includeBuildUUIDs: notSupported(falsy),
  includeIndexBuildInfo: notSupported(falsy),
}

export const command: Command = {
  name: 'listIndexes',
  inApiVersion1: true,
  async run(request, context) {
    const { listIndexes, cursor } = readFields(request, table)
    const { batchSize } = cursor
      ? readDocumentFields('listIndexes.cursor', cursor, { batchSize: optional(count, firstBatchCountDefault) })
      : { batchSize: Infinity }
    const namespace = { db: request.db, coll: listIndexes }
    const specs = findSystemNamespace(namespace)?.indexes ?? (await specsOf(context.store, namespace))
    return firstBatch(context, sourceOf(specs), { namespace: showNamespace(namespace), batchSize })
  },
}

async function specsOf(store: Store, namespace: Namespace): Promise<Uint8Array[]> {
  const indexes = await withSnapshot(store, async snapshot => {
    const view = await findView(snapshot, store.catalog, namespace)
    // Measurements have no index yet, not even of _id.
    return view?.isTimeSeries === true ? [] : (await requireCollection(snapshot, store, namespace)).indexes
  })
  return indexes.filter(({ building }) => !building).map(({ spec }) => spec)
}
