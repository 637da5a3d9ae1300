/** Finds documents of one collection or view: filter, sort, skip, limit, projection. */
import { CommandError } from '../../base/errors.ts'
import { firstBatchCountDefault } from '../../base/limits.ts'
import type { Pace } from '../../base/pace.ts'
import { encodeValue } from '../../bson/encode.ts'
import { firstElement, isEmpty } from '../../bson/reader.ts'
import { isDocument, type Value } from '../../bson/value.ts'
import { CappedTail } from '../../collection/capped-tail.ts'
import { requireCollectionName, showNamespace, type Namespace } from '../../collection/namespace.ts'
import { findPinned, runQuery, type Query } from '../../collection/query.ts'
import { compileSelection, selectById } from '../../collection/read.ts'
import { withSnapshot } from '../../collection/store.ts'
import { findSystemNamespace } from '../../collection/system-reads.ts'
import { SystemTail } from '../../collection/system-tail.ts'
import { requireNoView } from '../../collection/views.ts'
import { sourceFrom, sourceOf, type CursorSource } from '../../cursor/source.ts'
import { tailableSource } from '../../cursor/tailable.ts'
import { compileMatch, type Match } from '../../query/match.ts'
import { compileProject } from '../../query/project.ts'
import { compileSort, type Sort } from '../../query/sort.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type { Command, CommandContext, Reply } from '../command.ts'
import { collationFor, compileContext, type CompileContext } from '../compile.ts'
import { firstBatch } from '../cursor-reply.ts'
import {
  anything,
  bool,
  collectionName,
  count,
  document,
  falsy,
  integer,
  notSupported,
  optional,
  type Parsed,
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
  hint: optional(anything), // Every plan gives the same documents; `{ $natural: -1 }` alone says an order.
  allowDiskUse: withoutEffect, // Sorts stay in memory, within their limit.
  allowPartialResults: withoutEffect, // There are no shards that could be missing.
  noCursorTimeout: withoutEffect, // Drivers send it with sessions, whose cursors live as long as they do.
  oplogReplay: withoutEffect, // Ignored by the server too since 4.4.
  readOnce: withoutEffect, // About a cache that is not ours.
  min: notSupported(),
  max: notSupported(),
  returnKey: notSupported(falsy),
  showRecordId: notSupported(falsy),
  tailable: optional(bool, false),
  awaitData: optional(bool, false),
  $_requestResumeToken: notSupported(falsy),
  $_resumeAfter: notSupported(),
}

export const command: Command = {
  name: 'find',
  inApiVersion1: true,
  transactional: 'any statement',
  readsSnapshots: true,
  countsItself: true,
  run(request, context) {
    const parts = readFields(request, table)
    context.counters.operations.query++
    const namespace = { db: request.db, coll: parts.find }
    requireCollectionName(namespace)
    const collation = collationFor(context, namespace, parts.collation)
    return collation instanceof Promise
      ? collation.then(found => find(context, namespace, parts, found))
      : find(context, namespace, parts, collation)
  },
}

type Parts = Parsed<typeof table>

/** Answers at once where everything is there. */
function find(
  context: CommandContext,
  namespace: Namespace,
  parts: Parts,
  collation: Value | undefined,
): MaybePromise<Reply> {
  let compiled: CompileContext | undefined
  const compile = () => (compiled ??= compileContext(context, { collation, let: parts.let }))
  const { filter, projection, skip, tailable: isTailable, awaitData: awaitsData } = parts
  // A negative limit is a limit and says that one batch is enough. Source: MongoDB, find.
  const limit = Math.abs(parts.limit) || Infinity
  const singleBatch = parts.singleBatch || parts.limit < 0
  const reply = { namespace: showNamespace(namespace), batchSize: parts.batchSize, singleBatch }
  const project =
    projection === undefined || isEmpty(projection)
      ? undefined
      : compileProject(projection, { ...compile(), of: 'find', filter })
  const order = orderOf(parts.sort, parts.hint)
  // Of a collation and of variables it is always looked whether they are ones.
  const isPlain = collation === undefined && parts.let === undefined
  const query: Query = {
    selection: (isPlain ? selectById(filter) : undefined) ?? compileSelection(filter, compile()),
    sort: order && compileSort(order, compile().collation),
    skip,
    limit,
    project: project ?? (value => value),
  }
  if (awaitsData && !isTailable) {
    throw new CommandError('FailedToParse', "Cannot set 'awaitData' without also setting 'tailable'")
  }
  if (isTailable) {
    const match = compileMatch(filter, compile())
    const options = { ...query, match, pace: compile().pace }
    return openTail(context, namespace, options, { awaitsData, singleBatch }).then(tail =>
      firstBatch(context, tail, reply),
    )
  }
  // Asked first, since most finds end here: a collection is there, and need not be told from a view.
  const pinned = findPinned(context.store, namespace, query)
  const answer = (documents: readonly Uint8Array[] | undefined) =>
    documents === undefined
      ? findUnpinned(context, namespace, parts, { query, order, pace: compile().pace }).then(source =>
          firstBatch(context, source, reply),
        )
      : firstBatch(context, sourceOf(documents), reply)
  return pinned instanceof Promise ? pinned.then(answer) : answer(pinned)
}

interface Unpinned {
  readonly query: Query
  readonly order: Value | undefined
  readonly pace: Pace
}

/** The documents of any query of a collection or a view. */
async function findUnpinned(
  context: CommandContext,
  namespace: Namespace,
  { filter, projection, collation, let: definitions }: Parts,
  { query, order, pace }: Unpinned,
): Promise<CursorSource> {
  const { store } = context
  const source = await findReadSource(store, namespace, collation)
  if (source.pipeline === undefined) return sourceFrom(runQuery(store, namespace, query, pace), pace)
  const stages = stagesOf({ ...query, filter, sort: order, projection })
  const natural = order && naturalOrder(order)
  const through = compileContext(context, { ...source, let: definitions })
  return sourceFrom(runPipeline(store, source, stages, through, natural), through.pace)
}

/** The query as the stages that a view is asked with. */
function stagesOf({ filter, sort, projection, skip, limit }: ViewQuery): Value[] {
  const stages = [stageOf('$match', filter)]
  if (sort !== undefined && naturalOrder(sort) === undefined) stages.push(stageOf('$sort', sort))
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

/** The sort that was asked for; without one a hint may say in which direction the documents are walked. */
function orderOf(sort: Value | undefined, hint: Value | undefined): Value | undefined {
  if (sort !== undefined && !isEmpty(sort)) return sort
  return isDocument(hint) && firstElement(hint)?.[0] === '$natural' ? hint : undefined
}

/** @throws CommandError BadValue for what cannot be followed: another order, one batch, a collection that is not capped. */
async function openTail(
  { store, operation }: CommandContext,
  namespace: Namespace,
  { sort, ...options }: Query & { readonly match: Match; readonly pace: Pace },
  { awaitsData, singleBatch }: { readonly awaitsData: boolean; readonly singleBatch: boolean },
): Promise<CursorSource> {
  if (sort !== undefined && sort.natural !== 1) {
    throw new CommandError('BadValue', 'cannot use tailable option with a sort other than {$natural: 1}')
  }
  if (singleBatch) throw new CommandError('BadValue', "cannot use tailable option with the 'singleBatch' option")
  const system = findSystemNamespace(namespace)
  if (system !== undefined) {
    const next = system.follow?.(store, options.selection.filter)
    if (next === undefined) throw notCapped(namespace)
    return tailableSource(store.env, new SystemTail(store, next, options), { awaitsData })
  }
  // What stands still cannot be followed.
  if (operation.transaction !== undefined || operation.readConcernLevel === 'snapshot') {
    throw new CommandError('InvalidOptions', 'tailable cursors cannot read a snapshot or in a transaction')
  }
  const info = await withSnapshot(store, async snapshot => {
    const found = await store.catalog.find(snapshot, namespace)
    if (found === undefined) await requireNoView(snapshot, store.catalog, namespace)
    return found
  })
  if (info === undefined) return sourceOf([])
  if (info.capped === undefined) throw notCapped(namespace)
  return tailableSource(store.env, new CappedTail(store, info, options), { awaitsData })
}

const notCapped = (namespace: Namespace): CommandError =>
  new CommandError(
    'BadValue',
    `error processing query: ns=${showNamespace(namespace)}: tailable cursor requested on non capped collection`,
  )
