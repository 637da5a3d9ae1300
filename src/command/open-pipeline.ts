/** The documents of any pipeline but a change stream: what its first stage reads, through the others. */
import { compilePipeline } from '../aggregate/pipeline.ts'
import { sourceOf } from '../aggregate/stage-names.ts'
import type { Pace } from '../base/pace.ts'
import type { Value } from '../bson/value.ts'
import { requireCollectionName } from '../collection/namespace.ts'
import type { CommandContext } from './command.ts'
import { compileContext } from './compile.ts'
import { openSource } from './open-source.ts'
import { findReadSource, foreignIn, runPipeline } from './read-source.ts'
import type { SourceTarget } from './source.ts'

export interface PipelineParts {
  /** Without a stage that writes. */
  readonly pipeline: readonly Value[]
  readonly collation: Value | undefined
  readonly let: Value | undefined
}

export interface OpenedPipeline {
  readonly documents: AsyncIterable<Uint8Array>
  /** At which they are made. */
  readonly pace: Pace
}

/** @throws CommandError for what can be refused before anything is read. */
export async function openPipeline(
  context: CommandContext,
  target: SourceTarget,
  parts: PipelineParts,
): Promise<OpenedPipeline> {
  const { pipeline, collation, let: variables } = parts
  const { db, coll } = target
  if (sourceOf(pipeline) === 'server') {
    const compile = compileContext(context, parts)
    return { documents: openSource(pipeline, target, context, compile), pace: compile.pace }
  }
  if (coll === undefined) {
    const compile = compileContext(context, parts)
    const run = compilePipeline(pipeline, { ...compile, foreign: foreignIn(context.store, db) })
    return { documents: run(none(), compile.pace), pace: compile.pace }
  }
  requireCollectionName({ db, coll })
  const source = await findReadSource(context.store, { db, coll }, collation)
  const compile = compileContext(context, { ...source, let: variables })
  return { documents: runPipeline(context.store, source, pipeline, compile), pace: compile.pace }
}

async function* none(): AsyncGenerator<Uint8Array> {}
