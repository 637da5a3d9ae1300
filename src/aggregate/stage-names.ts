/** Which stages there are, which MongoDB has besides, and what a stage document says. */
import { CommandError } from '../base/errors.ts'
import { elementCount, firstElement } from '../bson/reader.ts'
import { isDocument } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import type { Stage } from './stage.ts'
import * as stageFiles from './stages/all.ts'

const stages: ReadonlyMap<string, Stage> = new Map(Object.values(stageFiles).map(stage => [stage.name, stage]))

/** Opens a stream, as the first stage; what it says is parsed and done in stream/. */
export const changeStreamName = '$changeStream'

/** Cuts events that are too large into fragments, as the last stage of a stream; done in stream/. */
export const splitLargeEventName = '$changeStreamSplitLargeEvent'

/** Tell of the server itself or of a collection's size, as the first stage; opened in command/open-source.ts. */
const served: ReadonlySet<string> = new Set(['$collStats', '$currentOp', '$listLocalSessions', '$listSessions'])

/** Whether the stage makes its documents from outside of any collection, elsewhere than here. */
export const isServed = (name: string): boolean => served.has(name)

/** Write what they are given, as the last stage; done in command/open-sink.ts. */
const writing: ReadonlySet<string> = new Set(['$merge', '$out'])

/** Whether the stage writes the documents that it is given, elsewhere than here. */
export const isWriting = (name: string): boolean => writing.has(name)

/**
 * What MongoDB has and we have not, so that it is refused as such and not as a spelling mistake.
 * Source: MongoDB manual, "Aggregation stages".
 */
const unsupported: ReadonlySet<string> = new Set([
  '$bucket',
  '$bucketAuto',
  '$densify',
  '$fill',
  '$geoNear',
  '$graphLookup',
  '$indexStats',
  '$listClusterCatalog',
  '$listSampledQueries',
  '$listSearchIndexes',
  '$planCacheStats',
  '$querySettings',
  '$queryStats',
  '$rankFusion',
  '$score',
  '$scoreFusion',
  '$search',
  '$searchMeta',
  '$setWindowFields',
  '$shardedDataDistribution',
  '$vectorSearch',
])

/** The stage called `name`; undefined when there is none, or when it is one that only stream/ knows. */
export const findStage = (name: string): Stage | undefined => stages.get(name)

/** Whether MongoDB has a stage called `name`, supported here or not. */
export function isStageName(name: string): boolean {
  return (
    stages.has(name) ||
    unsupported.has(name) ||
    isServed(name) ||
    isWriting(name) ||
    name === changeStreamName ||
    name === splitLargeEventName
  )
}

export interface StageSpec {
  /** A name that MongoDB knows. */
  readonly name: string
  readonly spec: Value
}

/** @throws CommandError when it is no document of exactly one field, whose name is that of a stage. */
export function parseStage(stage: Value): StageSpec {
  if (!isDocument(stage)) {
    throw new CommandError('TypeMismatch', "Each element of the 'pipeline' array must be an object")
  }
  const first = firstElement(stage)
  if (first === undefined || elementCount(stage) !== 1) {
    throw new CommandError('Location40323', 'A pipeline stage specification object must contain exactly one field.')
  }
  const [name, spec] = first
  if (!isStageName(name)) {
    throw new CommandError('Location40324', `Unrecognized pipeline stage name: '${name}'`)
  }
  return { name, spec }
}

/** The stage that writes, where a pipeline ends with one, and the stages in front of it. @throws CommandError as `parseStage`. */
export function splitWriting(pipeline: readonly Value[]): {
  readonly stages: readonly Value[]
  readonly writing: StageSpec | undefined
} {
  const last = pipeline.at(-1)
  const parsed = last && parseStage(last)
  if (parsed === undefined || !isWriting(parsed.name)) return { stages: pipeline, writing: undefined }
  return { stages: pipeline.slice(0, -1), writing: parsed }
}

/** Where the documents of a pipeline come from: decided by its first stage. */
export type PipelineSource = 'collection' | 'change stream' | 'documents' | 'server'

/** @throws CommandError as `parseStage`, for the first stage. */
export function sourceOf(pipeline: readonly Value[]): PipelineSource {
  const [first] = pipeline
  if (first === undefined) return 'collection'
  const { name } = parseStage(first)
  if (name === changeStreamName) return 'change stream'
  if (isServed(name)) return 'server'
  return findStage(name)?.isSource === true ? 'documents' : 'collection'
}
