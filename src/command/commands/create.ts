/** Creates a collection or a view. */
import { createCollection } from '../../collection/ddl.ts'
import { CommandError } from '../../base/errors.ts'
import { compileMatch } from '../../query/match.ts'
import type { Command, CommandContext, CommandRequest } from '../command.ts'
import { collectionOptionFields, pickCollectionOptions, type CollectionOptions } from '../collection-options.ts'
import {
  anything,
  collectionName,
  document,
  falsy,
  many,
  notSupported,
  optional,
  readFields,
  string,
  withoutEffect,
} from '../fields.ts'
import { requireViewPipeline } from '../view-definition.ts'
import { parseCollation } from '../../bson/collation.ts'
import type { Value } from '../../bson/value.ts'
import { requireCollectionName, type Namespace } from '../../collection/namespace.ts'
import { createView } from '../../collection/view-ddl.ts'

const table = {
  create: collectionName,
  ...collectionOptionFields,
  collation: optional(document),
  capped: notSupported(falsy),
  size: notSupported(),
  max: notSupported(),
  viewOn: optional(string),
  pipeline: optional(many(anything)),
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
  async run(request, context) {
    const parts = readFields(request, table)
    const namespace = { db: request.db, coll: parts.create }
    if (parts.viewOn !== undefined) {
      await runCreateView(context, request, namespace, { ...parts, viewOn: parts.viewOn })
      return {}
    }
    if (parts.pipeline !== undefined)
      throw new CommandError('InvalidOptions', "'pipeline' requires 'viewOn' to also be specified")
    if (parseCollation(parts.collation) !== undefined) {
      throw new CommandError('NotImplemented', "a default collation ('create.collation') is not supported yet")
    }
    if (parts.validator !== undefined) compileMatch(parts.validator, {})
    await createCollection(context.store, namespace, pickCollectionOptions(request, parts))
    return {}
  },
}

/** @throws CommandError InvalidOptions for options of collections, and for what the definition may not be. */
async function runCreateView(
  context: CommandContext,
  request: CommandRequest,
  namespace: Namespace,
  { viewOn, pipeline = [], collation, ...parts }: ViewFields,
): Promise<void> {
  const others = Object.entries(pickCollectionOptions(request, parts)).filter(([, value]) => value !== undefined)
  if (others.length > 0) {
    throw new CommandError('InvalidOptions', `a view cannot have the option '${others[0]?.[0]}'`)
  }
  requireCollectionName({ db: namespace.db, coll: viewOn })
  requireViewPipeline(context, namespace, pipeline, collation)
  await createView(context.store, namespace, { viewOn, pipeline, collation: parseCollation(collation)?.spec })
}

interface ViewFields extends CollectionOptions {
  readonly viewOn: string
  readonly pipeline: readonly Value[] | undefined
  readonly collation: Value | undefined
}
