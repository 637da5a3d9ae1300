/**
 * Runs a pipeline: over a collection or a view, over documents that it makes itself, or as a change stream. One that writes runs to
 * its end before it is answered.
 */
import { compileChangeStreamPipeline } from '../../aggregate/pipeline.ts'
import { parseStage, sourceOf, splitLargeEventName, splitWriting, type StageSpec } from '../../aggregate/stage-names.ts'
import { CommandError } from '../../base/errors.ts'
import { firstBatchCountDefault } from '../../base/limits.ts'
import { Pace } from '../../base/pace.ts'
import { toExactInteger } from '../../bson/number.ts'
import { BsonType, isNumber, toText, type Value } from '../../bson/value.ts'
import { requireCollectionName, showNamespace, type Namespace } from '../../collection/namespace.ts'
import { withSnapshot } from '../../collection/store.ts'
import { findView, notOnView } from '../../collection/views.ts'
import { sourceFrom, type CursorSource } from '../../cursor/source.ts'
import { ChangeStream } from '../../stream/change-stream.ts'
import { parseChangeStream, requireStageForm } from '../../stream/options.ts'
import { requireSplitStage } from '../../stream/split.ts'
import { View } from '../../stream/view.ts'
import type { Command, CommandContext, CommandRequest } from '../command.ts'
import { compileContext } from '../compile.ts'
import { cursorReply, firstBatch } from '../cursor-reply.ts'
import { openPipeline, type PipelineParts } from '../open-pipeline.ts'
import { openSink } from '../open-sink.ts'
import {
  anything,
  bool,
  count,
  document,
  falsy,
  many,
  notSupported,
  optional,
  readDocumentFields,
  readFields,
  strictBool,
  withoutEffect,
} from '../fields.ts'
import { findReadSource } from '../read-source.ts'
import type { SourceTarget } from '../source.ts'

const table = {
  aggregate: anything,
  pipeline: many(anything),
  cursor: optional(document),
  explain: notSupported(falsy),
  collation: optional(document),
  let: optional(document),
  collectionUUID: optional(anything),
  bypassDocumentValidation: optional(bool, false),
  hint: withoutEffect, // Every plan gives the same documents.
  allowDiskUse: withoutEffect, // Stages stay in memory, within their limit.
  $_requestReshardingResumeToken: notSupported(falsy),
  $_generateV2ResumeTokens: optional(strictBool, true),
}

const readParts = (request: CommandRequest) => readFields(request, table)

const cursorTable = { batchSize: optional(count, firstBatchCountDefault) }

export const command: Command = {
  name: 'aggregate',
  inApiVersion1: true,
  transactional: 'any statement',
  readsSnapshots: true,
  async run(request, context) {
    const parts = readParts(request)
    const { pipeline } = parts
    if (parts.cursor === undefined) {
      throw new CommandError(
        'FailedToParse',
        "The 'cursor' option is required, except for aggregate with the explain argument",
      )
    }
    const { batchSize } = readDocumentFields('aggregate.cursor', parts.cursor, cursorTable)
    const coll = collectionOf(parts.aggregate)
    const namespace = showNamespace({ db: request.db, coll: coll ?? '$cmd.aggregate' })
    const source = sourceOf(pipeline)
    if (source === 'change stream') {
      context.operation.isChangeStream = true
      const stream = await openChangeStream(context, request, coll, parts)
      return firstBatch(context, stream, { namespace, batchSize, isChangeStream: true, doing })
    }
    if (parts.collectionUUID !== undefined && source !== 'server') {
      throw new CommandError('NotImplemented', "'aggregate.collectionUUID' is not supported yet")
    }
    if (coll === undefined && source === 'collection') {
      throw new CommandError(
        'InvalidNamespace',
        `{aggregate: 1} is not valid for '${stageName(pipeline[0])}'; a collection is required.`,
      )
    }
    const target = { db: request.db, coll }
    const { stages, writing } = splitWriting(pipeline)
    if (writing === undefined) {
      const { documents, pace } = await openPipeline(context, target, parts)
      return firstBatch(context, sourceFrom(documents, pace), { namespace, batchSize, doing })
    }
    await writePipeline(context, target, { ...parts, pipeline: stages }, writing)
    return cursorReply('firstBatch', { documents: [], exhausted: true }, 0n, namespace)
  },
}

// The server's words in front of what goes wrong with a pipeline that was let run.
const doing = 'PlanExecutor error during aggregation'

/** Refuses to watch what has no changes of its own. @throws CommandError CommandNotSupportedOnView. */
async function requireWatchable({ store }: CommandContext, namespace: Namespace): Promise<void> {
  const view = await withSnapshot(store, snapshot => findView(snapshot, store.catalog, namespace))
  if (view === undefined) return
  if (!view.isTimeSeries) throw notOnView(namespace)
  throw new CommandError(
    'CommandNotSupportedOnView',
    `Cannot run aggregation on timeseries with namespace ${showNamespace(namespace)}`,
  )
}

/** Runs a pipeline whose last stage writes, to its end. */
async function writePipeline(
  context: CommandContext,
  target: SourceTarget,
  parts: PipelineParts & { readonly bypassDocumentValidation: boolean },
  stage: StageSpec,
): Promise<void> {
  const { store, snapshots } = context
  const { db, coll } = target
  const reads = coll === undefined ? undefined : await findReadSource(store, { db, coll }, parts.collation)
  const compile = compileContext(context, { collation: reads?.collation ?? parts.collation, let: parts.let })
  const bypassesValidation = parts.bypassDocumentValidation
  const sink = await openSink(stage, { db, context, compile, bypassesValidation })
  // What reads its own target reads the state of before: else it would meet what it writes.
  const isOwnTarget = reads !== undefined && showNamespace(reads.namespace) === showNamespace(sink.target)
  const held = isOwnTarget ? await snapshots.holdForWrite() : undefined
  try {
    const { documents } = await openPipeline(
      held === undefined ? context : context.withStore(held.store),
      target,
      parts,
    )
    await sink.write(documents).catch((error: unknown) => {
      throw error instanceof CommandError ? error.during(doing) : error
    })
  } finally {
    held?.release()
  }
}

/** The collection's name; undefined for `aggregate: 1`. */
function collectionOf(value: Value): string | undefined {
  if (value.type === BsonType.string) return toText(value)
  if (isNumber(value)) {
    if (toExactInteger(value) === 1n) return undefined
    throw new CommandError(
      'FailedToParse',
      "Invalid command format: the 'aggregate' field must specify a collection name or 1",
    )
  }
  throw new CommandError('TypeMismatch', "BSON field 'aggregate' is the wrong type, expected a string or 1")
}

const stageName = (stage: Value | undefined): string =>
  stage === undefined ? 'an empty pipeline' : parseStage(stage).name

/** Its checks come in the order of the server's own. */
async function openChangeStream(
  context: CommandContext,
  { db }: CommandRequest,
  coll: string | undefined,
  parts: ReturnType<typeof readParts>,
): Promise<CursorSource> {
  if (coll !== undefined) requireCollectionName({ db, coll })
  const { store, hub } = context
  const { readConcernLevel, apiStrict, transaction } = context.operation
  const [first, ...stages] = parts.pipeline as [Value, ...Value[]]
  const { spec } = parseStage(first)
  requireStageForm(spec, { apiStrict })
  // The names of all stages are looked at before anything is parsed.
  const names = stages.map(stage => parseStage(stage).name)
  if (transaction !== undefined) {
    throw new CommandError(
      'OperationNotSupportedInTransaction',
      '$changeStream cannot run within a multi-document transaction',
    )
  }
  if (readConcernLevel !== undefined && readConcernLevel !== 'majority') {
    throw new CommandError(
      'InvalidOptions',
      `$changeStream cannot run with a readConcern other than 'majority'. Current readConcern: ${readConcernLevel}`,
    )
  }
  if (parts.collectionUUID !== undefined) {
    throw new CommandError('Location4928900', 'collectionUUID is not supported for a change stream')
  }
  if (coll !== undefined) await requireWatchable(context, { db, coll })
  // Tokens of version 1 cannot tell fragments apart.
  const tokenVersion = parts.$_generateV2ResumeTokens || names.includes(splitLargeEventName) ? 2 : 1
  const options = parseChangeStream(spec, { db, coll, apiStrict, tokenVersion })
  // Streams have the simple collation unless they name one. Source: MongoDB manual, "Change streams", collation.
  // A stream lives on when the client of the command that opened it is gone, and shares its stages with others.
  const compile = compileContext(context, parts, new Pace(context.env))
  const compiled = compileChangeStreamPipeline(stages, compile)
  requireSplitStage(options.start, compiled)
  const view = new View({
    options,
    stages,
    collation: compile.collation,
    pipeline: compiled,
    largeEvents: hub.largeEvents,
  })
  return new ChangeStream({ store, hub, view, start: options.start })
}
