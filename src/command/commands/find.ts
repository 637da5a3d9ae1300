/** Finds documents of one collection or view: filter, sort, skip, limit, projection. */
import { firstBatchCountDefault } from '../../base/limits.ts'
import { encodeValue } from '../../bson/encode.ts'
import { firstElement, isEmpty } from '../../bson/reader.ts'
import type { Value } from '../../bson/value.ts'
import { requireCollectionName, showNamespace } from '../../collection/namespace.ts'
import { findPinned, runQuery, type Query } from '../../collection/query.ts'
import { compileSelection } from '../../collection/read.ts'
import { sourceFrom, sourceOf } from '../../cursor/source.ts'
import { compileProject } from '../../query/project.ts'
import { compileSort, type Sort } from '../../query/sort.ts'
import type { Command } from '../command.ts'
import { compileContext } from '../compile.ts'
import { firstBatch } from '../cursor-reply.ts'
import {
  bool,
  collectionName,
  count,
  document,
  falsy,
  integer,
  notSupported,
  optional,
  readFields,
  withoutEffect,
} from '../fields.ts'
import { findReadSource, runPipeline, stageOf } from '../read-source.ts'
import { emptyFilter } from '../statements.ts'

const table = {
  find: collectionName,
  filter: optional(document, emptyFilter),
  sort: optional(document),
  projection: optional(document),
  skip: optional(count, 0),
  limit: optional(integer, 0),
  batchSize: optional(count, firstBatchCountDefault),
  singleBatch: optional(bool, false),
  collation: optional(document),
  let: optional(document),
  hint: withoutEffect, // Every plan gives the same documents.
  allowDiskUse: withoutEffect, // Sorts stay in memory, within their limit.
  allowPartialResults: withoutEffect, // There are no shards that could be missing.
  noCursorTimeout: withoutEffect, // Drivers send it with sessions, whose cursors live as long as they do.
  oplogReplay: withoutEffect, // Ignored by the server too since 4.4.
  readOnce: withoutEffect, // About a cache that is not ours.
  min: notSupported(),
  max: notSupported(),
  returnKey: notSupported(falsy),
  showRecordId: notSupported(falsy),
  tailable: notSupported(falsy),
  awaitData: notSupported(falsy),
  $_requestResumeToken: notSupported(falsy),
  $_resumeAfter: notSupported(),
}

export const command: Command = {
  name: 'find',
  inApiVersion1: true,
  transactional: 'any statement',
  readsSnapshots: true,
  countsItself: true,
  async run(request, context) {
    const parts = readFields(request, table)
    context.counters.operations.query++
    const namespace = { db: request.db, coll: parts.find }
    requireCollectionName(namespace)
    const compile = compileContext(context, parts)
    const { filter, sort, projection, skip } = parts
    // A negative limit is a limit and says that one batch is enough. Source: MongoDB, find.
    const limit = Math.abs(parts.limit) || Infinity
    const singleBatch = parts.singleBatch || parts.limit < 0
    const reply = { namespace: showNamespace(namespace), batchSize: parts.batchSize, singleBatch }
    const project =
      projection === undefined || isEmpty(projection)
        ? undefined
        : compileProject(projection, { ...compile, of: 'find', filter })
    const query: Query = {
      selection: compileSelection(filter, compile),
      sort: sort === undefined || isEmpty(sort) ? undefined : compileSort(sort, compile.collation),
      skip,
      limit,
      project: project ?? (value => value),
    }
    const { store } = context
    // Asked first, since most finds end here: a collection is there, and need not be told from a view.
    const pinned = await findPinned(store, namespace, query)
    if (pinned !== undefined) return firstBatch(context, sourceOf(pinned), reply)
    const source = await findReadSource(store, namespace, parts.collation)
    if (source.pipeline === undefined) {
      return firstBatch(context, sourceFrom(runQuery(store, namespace, query, compile.pace)), reply)
    }
    const stages = stagesOf({ filter, sort, projection, skip, limit })
    const natural = sort && naturalOrder(sort)
    const documents = runPipeline(
      store,
      source,
      stages,
      compileContext(context, { ...source, let: parts.let }),
      natural,
    )
    return firstBatch(context, sourceFrom(documents), reply)
  },
}

/** The query as the stages that a view is asked with. */
function stagesOf({ filter, sort, projection, skip, limit }: ViewQuery): Value[] {
  const stages = [stageOf('$match', filter)]
  if (sort !== undefined && !isEmpty(sort) && naturalOrder(sort) === undefined) stages.push(stageOf('$sort', sort))
  if (skip > 0) stages.push(stageOf('$skip', encodeValue(skip)))
  if (limit < Infinity) stages.push(stageOf('$limit', encodeValue(limit)))
  if (projection !== undefined && !isEmpty(projection)) stages.push(stageOf('$project', projection))
  return stages
}

interface ViewQuery {
  readonly filter: Value
  readonly sort: Value | undefined
  readonly projection: Value | undefined
  readonly skip: number
  /** Infinity for none. */
  readonly limit: number
}

/** The sort where it asks for the order in which the collection is stored; undefined for any other. */
function naturalOrder(sort: Value): Sort | undefined {
  if (firstElement(sort)?.[0] !== '$natural') return undefined
  return compileSort(sort, undefined)
}
