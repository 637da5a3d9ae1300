/** A pipeline that begins with one of the sources (source.ts). */
import { compilePipeline } from '../aggregate/pipeline.ts'
import { parseStage } from '../aggregate/stage-names.ts'
import { must } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import type { Value } from '../bson/value.ts'
import type { CommandContext } from './command.ts'
import type { CompileContext } from './compile.ts'
import { foreignIn } from './read-source.ts'
import type { Source, SourceTarget } from './source.ts'
import * as all from './sources/all.ts'

const sources: ReadonlyMap<string, Source> = new Map(Object.values(all).map(source => [source.name, source]))

/** The documents of a pipeline whose first stage is a source. @throws CommandError as the source and the other stages do. */
export function openSource(
  [first, ...stages]: readonly Value[],
  target: SourceTarget,
  context: CommandContext,
  compile: CompileContext,
): AsyncIterable<Uint8Array> {
  const { name, spec } = parseStage(must(first, 'the first stage'))
  if (context.operation.transaction !== undefined) {
    throw new CommandError(
      'OperationNotSupportedInTransaction',
      `Stage not supported inside of a multi-document transaction: ${name}`,
    )
  }
  const run = compilePipeline(stages, { ...compile, foreign: foreignIn(context.store, target.db) })
  const source = must(sources.get(name), `the source ${name}`)
  return run(source.open(spec, target, context), compile.pace)
}
