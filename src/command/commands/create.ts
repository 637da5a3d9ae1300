/** Creates a collection. */
import { createCollection } from '../../collection/ddl.ts'
import { CommandError } from '../../base/errors.ts'
import { compileMatch } from '../../query/match.ts'
import type { Command } from '../command.ts'
import { collectionOptionFields, pickCollectionOptions } from '../collection-options.ts'
import { collectionName, falsy, notSupported, optional, document, readFields, withoutEffect } from '../fields.ts'
import { parseCollation } from '../../bson/collation.ts'

const table = {
  create: collectionName,
  ...collectionOptionFields,
  collation: optional(document),
  capped: notSupported(falsy),
  size: notSupported(),
  max: notSupported(),
  viewOn: notSupported(),
  pipeline: notSupported(),
  timeseries: notSupported(),
  clusteredIndex: notSupported(falsy),
  expireAfterSeconds: notSupported(),
  encryptedFields: notSupported(),
  temp: notSupported(falsy),
  recordIdsReplicated: notSupported(falsy),
  idIndex: withoutEffect, // Its only form is the one that every collection has.
  autoIndexId: withoutEffect, // Gone from the server; drivers of old still send true.
  storageEngine: withoutEffect, // Options of engines that are not ours.
  indexOptionDefaults: withoutEffect, // The same.
}

export const command: Command = {
  name: 'create',
  inApiVersion1: true,
  transactional: 'any statement',
  async run(request, { store }) {
    const parts = readFields(request, table)
    if (parseCollation(parts.collation) !== undefined) {
      throw new CommandError('NotImplemented', "a default collation ('create.collation') is not supported yet")
    }
    if (parts.validator !== undefined) compileMatch(parts.validator, {})
    await createCollection(store, { db: request.db, coll: parts.create }, pickCollectionOptions(request, parts))
    return {}
  },
}
