/** Changes options of a collection, or of one of its indexes, or the definition of a view. */
import { CommandError } from '../../base/errors.ts'
import type { Encodable } from '../../bson/encode.ts'
import { modifyCollection } from '../../collection/ddl.ts'
import { compileMatch } from '../../query/match.ts'
import { collectionOptionFields, pickCollectionOptions } from '../collection-options.ts'
import type { Command } from '../command.ts'
import {
  anything,
  bool,
  collectionName,
  count,
  document,
  falsy,
  many,
  notSupported,
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
  cappedSize: notSupported(),
  cappedMax: notSupported(),
  expireAfterSeconds: optional(expiryChange),
  dryRun: notSupported(falsy),
}

const indexTable = {
  name: optional(string),
  keyPattern: optional(document),
  hidden: optional(bool),
  expireAfterSeconds: optional(count),
  unique: notSupported(),
  prepareUnique: notSupported(),
}

export const command: Command = {
  name: 'collMod',
  inApiVersion1: true,
  async run(request, context) {
    const { store } = context
    const parts = readFields(request, table)
    if (parts.validator !== undefined) compileMatch(parts.validator, {})
    const index = parts.index && parseIndex(readIndex(parts.index))
    const options = pickCollectionOptions(request, parts)
    const { viewOn, pipeline } = parts
    const namespace = { db: request.db, coll: parts.collMod }
    if (pipeline !== undefined) requireViewPipeline(context, namespace, pipeline, undefined)
    const before = await modifyCollection(store, namespace, {
      options,
      index,
      view: { viewOn, pipeline },
      timeSeries: parts.timeseries && parseTimeSeriesChange(parts.timeseries),
      expireAfterSeconds: parts.expireAfterSeconds,
    })
    const reply: Record<string, Encodable> = {}
    for (const [name, value] of Object.entries(index?.options ?? {})) {
      if (value === undefined) continue
      reply[`${name}_old`] = before[name]
      reply[`${name}_new`] = value
    }
    return reply
  },
}

function parseIndex({ name, keyPattern, hidden, expireAfterSeconds }: Readonly<ReturnType<typeof readIndex>>) {
  if ((name === undefined) === (keyPattern === undefined)) {
    throw new CommandError('InvalidOptions', 'must specify either index name or key pattern, and not both')
  }
  if (hidden === undefined && expireAfterSeconds === undefined) {
    throw new CommandError('InvalidOptions', 'no expireAfterSeconds, hidden, unique, or prepareUnique field')
  }
  return {
    name,
    key: keyPattern,
    options: { hidden, expireAfterSeconds: expireAfterSeconds === undefined ? undefined : BigInt(expireAfterSeconds) },
  }
}

const readIndex = (value: Parameters<typeof readDocumentFields>[1]) =>
  readDocumentFields('collMod.index', value, indexTable)
