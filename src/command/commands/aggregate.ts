/** Runs a pipeline: over a collection or a view, over documents that it makes itself, or as a change stream. */
import { compileChangeStreamPipeline, compilePipeline } from '../../aggregate/pipeline.ts'
import { parseStage, sourceOf, splitLargeEventName } from '../../aggregate/stage-names.ts'
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
import { firstBatch } from '../cursor-reply.ts'
import { openSource } from '../open-source.ts'
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
import { findReadSource, runPipeline } from '../read-source.ts'

const table = {
  aggregate: anything,
  pipeline: many(anything),
  cursor: optional(document),
  explain: notSupported(falsy),
  collation: optional(document),
  let: optional(document),
  collectionUUID: optional(anything),
  bypassDocumentValidation: optional(bool, false), // Of $out and $merge, which are refused by name.
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
    if (source === 'server') {
      const compile = compileContext(context, parts)
      const documents = openSource(pipeline, { db: request.db, coll }, context, compile)
      return firstBatch(context, sourceFrom(documents, compile.pace), { namespace, batchSize })
    }
    if (parts.collectionUUID !== undefined) {
      throw new CommandError('NotImplemented', "'aggregate.collectionUUID' is not supported yet")
    }
    if (coll === undefined && source !== 'documents') {
      throw new CommandError(
        'InvalidNamespace',
        `{aggregate: 1} is not valid for '${stageName(pipeline[0])}'; a collection is required.`,
      )
    }
    const documents = await openPipeline(context, request, coll, parts)
    return firstBatch(context, documents, { namespace, batchSize, doing })
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

async function openPipeline(
  context: CommandContext,
  { db }: CommandRequest,
  coll: string | undefined,
  { pipeline, collation, let: variables }: PipelineParts,
): Promise<CursorSource> {
  if (coll === undefined) {
    const compile = compileContext(context, { collation, let: variables })
    return sourceFrom(compilePipeline(pipeline, compile)(none(), compile.pace), compile.pace)
  }
  requireCollectionName({ db, coll })
  const source = await findReadSource(context.store, { db, coll }, collation)
  const compile = compileContext(context, { ...source, let: variables })
  return sourceFrom(runPipeline(context.store, source, pipeline, compile), compile.pace)
}

interface PipelineParts {
  readonly pipeline: readonly Value[]
  readonly collation: Value | undefined
  readonly let: Value | undefined
}

async function* none(): AsyncGenerator<Uint8Array> {}
