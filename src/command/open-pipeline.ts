/** The documents of any pipeline but a change stream: what its first stage reads, through the others. */
import { compilePipeline } from '../aggregate/pipeline.ts'
import { sourceOf } from '../aggregate/stage-names.ts'
import type { Value } from '../bson/value.ts'
import { requireCollectionName } from '../collection/namespace.ts'
import type { CommandContext } from './command.ts'
import { compileContext } from './compile.ts'
import { openSource } from './open-source.ts'
import { findReadSource, runPipeline } from './read-source.ts'
import type { SourceTarget } from './source.ts'

export interface PipelineParts {
  /** Without a stage that writes. */
  readonly pipeline: readonly Value[]
  readonly collation: Value | undefined
  readonly let: Value | undefined
}

/** @throws CommandError for what can be refused before anything is read. */
export async function openPipeline(
  context: CommandContext,
  target: SourceTarget,
  parts: PipelineParts,
): Promise<AsyncIterable<Uint8Array>> {
  const { pipeline, collation, let: variables } = parts
  const { db, coll } = target
  if (sourceOf(pipeline) === 'server') return openSource(pipeline, target, context, compileContext(context, parts))
  if (coll === undefined) {
    const compile = compileContext(context, parts)
    return compilePipeline(pipeline, compile)(none(), compile.pace)
  }
  requireCollectionName({ db, coll })
  const source = await findReadSource(context.store, { db, coll }, collation)
  return runPipeline(context.store, source, pipeline, compileContext(context, { ...source, let: variables }))
}

async function* none(): AsyncGenerator<Uint8Array> {}
