/** Changes options of a collection, or of one of its indexes, or the definition of a view. */
import { CommandError } from '../../base/errors.ts'
import type { Encodable } from '../../bson/encode.ts'
import { Pace } from '../../base/pace.ts'
import { modifyCollection, type Modification } from '../../collection/ddl.ts'
import type { Namespace } from '../../collection/namespace.ts'
import { convertToUnique, prepareUnique, requireConvertible } from '../../collection/unique.ts'
import { compileMatch } from '../../query/match.ts'
import { cappedMax, cappedSize, collectionOptionFields, pickCollectionOptions } from '../collection-options.ts'
import type { Command, CommandContext } from '../command.ts'
import { compileContext } from '../compile.ts'
import {
  anything,
  bool,
  collectionName,
  count,
  document,
  integer,
  many,
  optional,
  readDocumentFields,
  readFields,
  string,
} from '../fields.ts'
import { expiryChange, parseTimeSeriesChange } from '../time-series-options.ts'
import { requireViewPipeline } from '../view-definition.ts'

const table = {
  collMod: collectionName,
  ...collectionOptionFields,
  index: optional(document),
  viewOn: optional(string),
  pipeline: optional(many(anything)),
  timeseries: optional(document),
  cappedSize: optional(integer),
  cappedMax: optional(integer),
  expireAfterSeconds: optional(expiryChange),
  dryRun: optional(bool, false),
}

const indexTable = {
  name: optional(string),
  keyPattern: optional(document),
  hidden: optional(bool),
  expireAfterSeconds: optional(count),
  unique: optional(bool),
  prepareUnique: optional(bool),
}

export const command: Command = {
  name: 'collMod',
  inApiVersion1: true,
  async run(request, context) {
    const parts = readFields(request, table)
    if (parts.validator !== undefined) compileMatch(parts.validator, compileContext(context, {}))
    const index = parts.index && parseIndex(readIndex(parts.index))
    const options = { ...pickCapped(parts), ...pickCollectionOptions(request, parts) }
    const { viewOn, pipeline, dryRun } = parts
    const namespace = { db: request.db, coll: parts.collMod }
    if (pipeline !== undefined) requireViewPipeline(context, namespace, pipeline, undefined)
    if (dryRun && index?.options.unique !== true) {
      throw new CommandError('InvalidOptions', 'dryRun is only for making an index unique')
    }
    const modification = {
      options,
      index,
      view: { viewOn, pipeline },
      timeSeries: parts.timeseries && parseTimeSeriesChange(parts.timeseries),
      expireAfterSeconds: parts.expireAfterSeconds,
    }
    const { before, changes } = await modify(context, namespace, modification, { dryRun })
    const reply: Record<string, Encodable> = {}
    for (const [name, value] of Object.entries(changes)) {
      reply[`${name}_old`] = before[name]
      reply[`${name}_new`] = value
    }
    return reply
  },
}

async function modify(
  { store, operation }: CommandContext,
  namespace: Namespace,
  { index, ...modification }: Modification,
  { dryRun }: { readonly dryRun: boolean },
): ReturnType<typeof modifyCollection> {
  const pace = new Pace(store.env, () => operation.check())
  if (index?.options['unique'] === true) {
    await requireConvertible(store, namespace, { ...modification, index }, pace)
    return dryRun ? { before: {}, changes: {} } : convertToUnique(store, namespace, { ...modification, index })
  }
  if (index?.options['prepareUnique'] === true) return prepareUnique(store, namespace, { ...modification, index }, pace)
  return modifyCollection(store, namespace, { ...modification, index })
}

function pickCapped(parts: { readonly cappedSize: number | undefined; readonly cappedMax: number | undefined }) {
  return {
    cappedSize: parts.cappedSize === undefined ? undefined : cappedSize(parts.cappedSize),
    // Without a limit is 0, since an option cannot be taken back.
    cappedMax: parts.cappedMax === undefined ? undefined : (cappedMax(parts.cappedMax) ?? 0),
  }
}

function parseIndex({
  name,
  keyPattern,
  hidden,
  expireAfterSeconds,
  unique,
  prepareUnique: prepares,
}: Readonly<ReturnType<typeof readIndex>>) {
  if ((name === undefined) === (keyPattern === undefined)) {
    throw new CommandError('InvalidOptions', 'must specify either index name or key pattern, and not both')
  }
  if ([hidden, expireAfterSeconds, unique, prepares].every(option => option === undefined)) {
    throw new CommandError('InvalidOptions', 'no expireAfterSeconds, hidden, unique, or prepareUnique field')
  }
  if (unique === false) throw new CommandError('BadValue', 'Cannot make index non-unique')
  if (unique === true && prepares !== undefined) {
    throw new CommandError('InvalidOptions', "'unique' and 'prepareUnique' cannot be set at the same time")
  }
  return {
    name,
    key: keyPattern,
    options: {
      expireAfterSeconds: expireAfterSeconds === undefined ? undefined : BigInt(expireAfterSeconds),
      hidden,
      unique,
      prepareUnique: prepares,
    },
  }
}

const readIndex = (value: Parameters<typeof readDocumentFields>[1]) =>
  readDocumentFields('collMod.index', value, indexTable)
