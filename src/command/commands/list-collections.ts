/** The collections and views of a database. */
import { firstBatchCountDefault } from '../../base/limits.ts'
import { encodeDocument } from '../../bson/encode.ts'
import { getField } from '../../bson/reader.ts'
import { uuidValue } from '../../collection/ddl.ts'
import type { CollectionInfo } from '../../collection/catalog.ts'
import { requireDatabaseName } from '../../collection/namespace.ts'
import { withSnapshot, type Store } from '../../collection/store.ts'
import type { SystemNamespace } from '../../collection/system-namespace.ts'
import { systemNamespaces, uuidOfSystemNamespace } from '../../collection/system-reads.ts'
import { listViews, type ViewDefinition } from '../../collection/views.ts'
import { sourceOf } from '../../cursor/source.ts'
import { compileMatch } from '../../query/match.ts'
import type { Command } from '../command.ts'
import { compileContext } from '../compile.ts'
import { firstBatch } from '../cursor-reply.ts'
import { anything, bool, count, document, optional, readDocumentFields, readFields, withoutEffect } from '../fields.ts'

const table = {
  listCollections: anything,
  filter: optional(document),
  nameOnly: optional(bool, false),
  cursor: optional(document),
  authorizedCollections: withoutEffect, // Without users everybody may see all.
}

export const command: Command = {
  name: 'listCollections',
  inApiVersion1: true,
  async run(request, context) {
    const { filter, nameOnly, cursor } = readFields(request, table)
    const { db } = request
    requireDatabaseName(db)
    const { batchSize } = cursor
      ? readDocumentFields('listCollections.cursor', cursor, { batchSize: optional(count, firstBatchCountDefault) })
      : { batchSize: Infinity }
    const { store } = context
    const [collections, views] = await withSnapshot(store, async snapshot => [
      await store.catalog.list(snapshot, db),
      await listViews(snapshot, store.catalog, db),
    ])
    const matches = filter === undefined ? () => true : compileMatch(filter, compileContext(context, {}))
    const system = systemNamespaces.filter(({ namespace }) => namespace.db === db)
    const described = [
      ...collections.map(describeCollection),
      ...views.map(view => describeView(view, collections)),
      ...system.map(member => describeSystem(store, member)),
    ]
    const documents = described
      .map(row => ({ whole: encodeDocument(row), row }))
      .filter(({ whole }) => matches(whole))
      .map(({ whole, row: { name, type } }) => (nameOnly ? encodeDocument({ name, type }) : whole))
    return firstBatch(context, sourceOf(documents), { namespace: `${db}.$cmd.listCollections`, batchSize })
  },
}

function describeCollection({ namespace, uuid, options, indexes }: CollectionInfo) {
  return {
    name: namespace.coll,
    type: 'collection',
    options,
    info: { readOnly: false, uuid: uuidValue(uuid) },
    // A clustered collection has none, and its options say so.
    idIndex: getField(options, 'clusteredIndex') === undefined ? indexes[0]?.spec : undefined,
  }
}

function describeSystem(store: Store, system: SystemNamespace) {
  return {
    name: system.namespace.coll,
    type: 'collection',
    options: system.options(store),
    info: { readOnly: false, uuid: uuidValue(uuidOfSystemNamespace(store, system)) },
  }
}

function describeView(
  { namespace, viewOn, pipeline, collation, isTimeSeries }: ViewDefinition,
  collections: readonly CollectionInfo[],
) {
  if (isTimeSeries) {
    const buckets = collections.find(({ namespace: { coll } }) => coll === viewOn.coll)
    const option = (name: string) => buckets && getField(buckets.options, name)
    return {
      name: namespace.coll,
      type: 'timeseries',
      options: { expireAfterSeconds: option('expireAfterSeconds'), timeseries: option('timeseries'), collation },
      info: { readOnly: false },
    }
  }
  return {
    name: namespace.coll,
    type: 'view',
    options: { viewOn: viewOn.coll, pipeline, collation },
    info: { readOnly: true },
  }
}
