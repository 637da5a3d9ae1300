/** Declares indexes; a unique one is built and holds. */
import { CommandError } from '../../base/errors.ts'
import { Pace } from '../../base/pace.ts'
import { createIndexes, hasIndexes } from '../../collection/indexes.ts'
import { requireCollectionName, showNamespace, type Namespace } from '../../collection/namespace.ts'
import { countDocuments, everything } from '../../collection/read.ts'
import type { Command, CommandContext, Operation } from '../command.ts'
import { collationFor } from '../compile.ts'
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
  transactional: 'any statement',
  async run(request, context) {
    const { store, env, operation } = context
    const { createIndexes: coll, indexes, ignoreUnknownIndexOptions: ignoresUnknown } = readFields(request, table)
    if (indexes.length === 0) throw new CommandError('BadValue', 'Must specify at least one index to create')
    const namespace = { db: request.db, coll }
    requireCollectionName(namespace)
    const inherited = await collationFor(context, namespace, undefined)
    const specs = indexes.map((value, index) =>
      parseIndexSpec(value, { path: `createIndexes.indexes.${index}`, ignoresUnknown, inherited }),
    )
    const pace = new Pace(env, () => operation.check())
    if (operation.transaction !== undefined && !(await hasIndexes(store, namespace, specs))) {
      await requireBuildable(context, operation.transaction, namespace, pace)
    }
    const { before, after, createdCollection } = await createIndexes(store, namespace, specs, pace)
    return {
      numIndexesBefore: before,
      numIndexesAfter: after,
      createdCollectionAutomatically: createdCollection,
      note: before === after ? 'all indexes already exist' : undefined,
    }
  },
}

/** A transaction builds no index beside running writes, so the collection is to be its own, and empty. */
async function requireBuildable(
  { store }: CommandContext,
  transaction: NonNullable<Operation['transaction']>,
  namespace: Namespace,
  pace: Pace,
): Promise<void> {
  const isOwn = await transaction.isOwn(namespace)
  if (isOwn && (await countDocuments(store, namespace, everything, { pace, countMax: 1 })) === 0) return
  throw new CommandError(
    'OperationNotSupportedInTransaction',
    `Cannot create new indexes on ${isOwn ? 'non-empty' : 'existing'} collection ${showNamespace(namespace)} in a ` +
      'multi-document transaction.',
  )
}
