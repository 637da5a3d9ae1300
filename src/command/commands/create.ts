/** Creates a collection, a view or a time-series collection. */
import { createCollection } from '../../collection/ddl.ts'
import { CommandError } from '../../base/errors.ts'
import { compileMatch } from '../../query/match.ts'
import type { Command, CommandContext } from '../command.ts'
import { compileContext } from '../compile.ts'
import { cappedMax, cappedSize, collectionOptionFields, pickCollectionOptions } from '../collection-options.ts'
import {
  anything,
  bool,
  collectionName,
  document,
  falsy,
  integer,
  many,
  notSupported,
  optional,
  readDocumentFields,
  readFields,
  string,
  withoutEffect,
  type Parsed,
} from '../fields.ts'
import { expirySeconds, parseTimeSeries } from '../time-series-options.ts'
import { requireViewPipeline } from '../view-definition.ts'
import { parseCollation } from '../../bson/collation.ts'
import type { Encodable } from '../../bson/encode.ts'
import { toExactInteger } from '../../bson/number.ts'
import { elementsOf } from '../../bson/reader.ts'
import { show } from '../../bson/show.ts'
import { isNumber, type Value } from '../../bson/value.ts'
import { createTimeSeries } from '../../collection/time-series-ddl.ts'
import { requireCollectionName, type Namespace } from '../../collection/namespace.ts'
import { createView } from '../../collection/view-ddl.ts'

const table = {
  create: collectionName,
  ...collectionOptionFields,
  collation: optional(document),
  capped: optional(bool, false),
  size: optional(integer),
  max: optional(integer),
  viewOn: optional(string),
  pipeline: optional(many(anything)),
  timeseries: optional(document),
  clusteredIndex: optional(anything),
  expireAfterSeconds: optional(expirySeconds),
  encryptedFields: notSupported(),
  temp: notSupported(falsy),
  recordIdsReplicated: notSupported(falsy),
  idIndex: withoutEffect, // Its only form is the one that every collection has.
  autoIndexId: withoutEffect, // Gone from the server; drivers of old still send true.
  storageEngine: withoutEffect, // Options of engines that are not ours.
  indexOptionDefaults: withoutEffect, // The same.
}

type Parts = Parsed<typeof table>

export const command: Command = {
  name: 'create',
  inApiVersion1: true,
  transactional: 'any statement',
  async run(request, context) {
    const parts = readFields(request, table)
    const namespace = { db: request.db, coll: parts.create }
    const capped = pickCapped(parts)
    const collectionOptions = { ...capped, ...pickCollectionOptions(request, parts) }
    const { viewOn, timeseries, expireAfterSeconds } = parts
    if (context.operation.transaction !== undefined && (viewOn ?? timeseries) !== undefined) {
      throw new CommandError(
        'OperationNotSupportedInTransaction',
        'Cannot create a view or a time-series collection in a multi-document transaction',
      )
    }
    const clusteredIndex = parts.clusteredIndex && parseClusteredIndex(parts.clusteredIndex)
    if (viewOn !== undefined) {
      requireNone('viewOn', { ...collectionOptions, timeseries, clusteredIndex, expireAfterSeconds })
      await runCreateView(context, namespace, { ...parts, viewOn })
      return {}
    }
    if (parts.pipeline !== undefined) {
      throw new CommandError('InvalidOptions', "'pipeline' requires 'viewOn' to also be specified")
    }
    const collation = parseCollation(parts.collation)?.spec
    if (timeseries !== undefined) {
      requireNone('timeseries', { ...collectionOptions, clusteredIndex })
      const series = parseTimeSeries(timeseries)
      await createTimeSeries(context.store, namespace, { series, collation, expireAfterSeconds })
      return {}
    }
    if (clusteredIndex !== undefined) requireNone('clusteredIndex', capped)
    if (expireAfterSeconds !== undefined && clusteredIndex === undefined) {
      throw new CommandError(
        'InvalidOptions',
        "'expireAfterSeconds' is only supported on time-series collections or when the 'clusteredIndex' option is specified",
      )
    }
    if (parts.validator !== undefined) compileMatch(parts.validator, compileContext(context, {}))
    const options = { ...collectionOptions, collation }
    await createCollection(context.store, namespace, { clusteredIndex, expireAfterSeconds, ...options })
    return {}
  },
}

/** Refuses options that do not go with another. @throws CommandError InvalidOptions. */
function requireNone(other: string, options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) throw new CommandError('InvalidOptions', `'${name}' cannot be given with '${other}'`)
  }
}

/** @throws CommandError for what the definition may not be. */
async function runCreateView(
  context: CommandContext,
  namespace: Namespace,
  { viewOn, pipeline = [], collation }: ViewFields,
): Promise<void> {
  requireCollectionName({ db: namespace.db, coll: viewOn })
  requireViewPipeline(context, namespace, pipeline, collation)
  await createView(context.store, namespace, { viewOn, pipeline, collation: parseCollation(collation)?.spec })
}

interface ViewFields {
  readonly viewOn: string
  readonly pipeline: readonly Value[] | undefined
  readonly collation: Value | undefined
}

const clusteredTable = {
  v: optional(integer, 2),
  key: document,
  name: optional(string, '_id_'),
  unique: bool,
}

/** As it is kept and shown; undefined for `false`. Documents are kept by _id here in any case. */
function parseClusteredIndex(value: Value): Encodable {
  if (falsy(value)) return undefined
  const { key, name, unique } = readDocumentFields(
    'create.clusteredIndex',
    document(value, 'create.clusteredIndex'),
    clusteredTable,
  )
  const [[field, direction] = [], ...others] = elementsOf(key)
  if (field !== '_id' || others.length > 0 || !isNumber(direction) || toExactInteger(direction) !== 1n || !unique) {
    throw new CommandError(
      'InvalidIndexSpecificationOption',
      `the clusteredIndex option is only supported as { key: { _id: 1 }, unique: true }, not ${show(value)}`,
    )
  }
  return { v: 2, key, name, unique }
}

/** `{ capped, size, max }` as they are kept; nothing for a collection that is not capped. */
function pickCapped({ capped, size, max }: Readonly<Pick<Parts, 'capped' | 'size' | 'max'>>) {
  if (!capped) {
    if (size === undefined && max === undefined) return {}
    throw new CommandError(
      'InvalidOptions',
      "the 'capped' field needs to be true when either the 'size' or 'max' fields are present",
    )
  }
  if (size === undefined) {
    throw new CommandError('InvalidOptions', "the 'size' field is required when 'capped' is true")
  }
  return { capped, size: cappedSize(size), max: max === undefined ? undefined : cappedMax(max) }
}
