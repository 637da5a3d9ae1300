/** Declares indexes; a unique one is built and holds. */
import { CommandError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import { createIndexes } from '../../collection/indexes.ts'
import { requireCollectionName } from '../../collection/namespace.ts'
import type { Command } from '../command.ts'
import { bool, collectionName, document, many, optional, readFields, withoutEffect } from '../fields.ts'
import { parseIndexSpec } from '../index-spec.ts'

const table = {
  createIndexes: collectionName,
  indexes: many(document),
  ignoreUnknownIndexOptions: optional(bool, false),
  commitQuorum: withoutEffect, // There is one member, which builds the index before it answers.
}

export const command: Command = {
  name: 'createIndexes',
  inApiVersion1: true,
  async run(request, { store, env, operation }) {
    const { createIndexes: coll, indexes, ignoreUnknownIndexOptions: ignoresUnknown } = readFields(request, table)
    if (indexes.length === 0) throw new CommandError('BadValue', 'Must specify at least one index to create')
    const namespace = { db: request.db, coll }
    requireCollectionName(namespace)
    const specs = indexes.map((value, index) =>
      parseIndexSpec(value, { path: `createIndexes.indexes.${index}`, ignoresUnknown }),
    )
    const pace = new Pace(env, () => operation.check())
    const { before, after, createdCollection } = await createIndexes(store, namespace, specs, pace)
    return {
      numIndexesBefore: before,
      numIndexesAfter: after,
      createdCollectionAutomatically: createdCollection,
      note: before === after ? 'all indexes already exist' : undefined,
    }
  },
}
