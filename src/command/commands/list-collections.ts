/** The collections of a database. */
import { firstBatchCountDefault } from '../../base/limits.ts'
import { encodeDocument } from '../../bson/encode.ts'
import { uuidValue } from '../../collection/ddl.ts'
import type { CollectionInfo } from '../../collection/catalog.ts'
import { requireDatabaseName } from '../../collection/namespace.ts'
import { withSnapshot } from '../../collection/store.ts'
import { sourceOf } from '../../cursor/source.ts'
import { compileMatch } from '../../query/match.ts'
import type { Command } from '../command.ts'
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
    const collections = await withSnapshot(context.store, snapshot => context.store.catalog.list(snapshot, db))
    const matches = filter === undefined ? () => true : compileMatch(filter, {})
    const shown = collections
      .map(info => ({ whole: describe(info), name: nameOf(info) }))
      .filter(row => matches(row.whole))
    const documents = shown.map(({ whole, name }) => (nameOnly ? name : whole))
    return firstBatch(context, sourceOf(documents), { namespace: `${db}.$cmd.listCollections`, batchSize })
  },
}

function describe({ namespace, uuid, options, indexes }: CollectionInfo): Uint8Array {
  return encodeDocument({
    name: namespace.coll,
    type: 'collection',
    options,
    info: { readOnly: false, uuid: uuidValue(uuid) },
    idIndex: indexes[0]?.spec,
  })
}

const nameOf = ({ namespace }: CollectionInfo): Uint8Array =>
  encodeDocument({ name: namespace.coll, type: 'collection' })
