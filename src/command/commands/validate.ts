/** Looks whether a collection's records and index entries are what they should be. Reads all of it; repairs nothing. */
import { CommandError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import { uuidValue } from '../../collection/ddl.ts'
import { checkCollection } from '../../collection/check.ts'
import { requireCollectionName, showNamespace } from '../../collection/namespace.ts'
import type { Command } from '../command.ts'
import { findCollection, whole } from '../collection-stats.ts'
import { collectionName, falsy, notSupported, readFields, withoutEffect } from '../fields.ts'

const table = {
  validate: collectionName,
  full: withoutEffect, // It always is.
  scandata: withoutEffect, // It always does. PyMongo sends it.
  background: withoutEffect, // It always is: writes go on.
  checkBSONConformance: withoutEffect, // What is not conformant does not come in.
  repair: notSupported(falsy),
  fixMultikey: notSupported(falsy),
  metadata: notSupported(falsy),
  collHash: notSupported(falsy),
}

export const command: Command = {
  name: 'validate',
  async run(request, { store, env, operation }) {
    const { validate: coll } = readFields(request, table)
    const namespace = { db: request.db, coll }
    requireCollectionName(namespace)
    const info = await findCollection(store, namespace)
    if (info === undefined) {
      throw new CommandError(
        'NamespaceNotFound',
        `Collection '${showNamespace(namespace)}' does not exist to validate.`,
      )
    }
    const report = await checkCollection(store, info, new Pace(env, () => operation.check()))
    const isBroken = (name: string) => report.extraCounts.has(name) || report.missingCounts.has(name)
    // Every document has a key in the index of _id, whatever entries that needs.
    const keyCounts = new Map([['_id_', report.recordCount], ...report.entryCounts]).set('_id_', report.recordCount)
    const sumOf = (counts: ReadonlyMap<string, number>) => whole([...counts.values()].reduce((sum, n) => sum + n, 0))
    return {
      ns: showNamespace(namespace),
      uuid: uuidValue(info.uuid),
      nInvalidDocuments: whole(report.invalidCount),
      nNonCompliantDocuments: 0,
      nrecords: whole(report.recordCount),
      nIndexes: info.indexes.length,
      keysPerIndex: Object.fromEntries([...keyCounts].map(([name, count]) => [name, whole(count)])),
      indexDetails: Object.fromEntries(info.indexes.map(({ name }) => [name, { valid: !isBroken(name) }])),
      extraIndexEntriesCount: sumOf(report.extraCounts),
      missingIndexEntriesCount: sumOf(report.missingCounts),
      valid: report.errors.length === 0,
      repaired: false,
      warnings: [],
      errors: report.errors,
    }
  },
}
