/** What the definition of a view may be. */
import { compilePipeline } from '../aggregate/pipeline.ts'
import { parseStage, sourceOf } from '../aggregate/stage-names.ts'
import { CommandError } from '../base/errors.ts'
import type { Value } from '../bson/value.ts'
import { showNamespace, type Namespace } from '../collection/namespace.ts'
import type { CommandContext } from './command.ts'
import { compileContext } from './compile.ts'

/** Stages that no view may have. Source: MongoDB manual, "Views". */
const forbidden: ReadonlySet<string> = new Set(['$changeStream', '$out', '$merge'])

/** @throws CommandError OptionNotSupportedOnView, and as `compilePipeline`. */
export function requireViewPipeline(
  context: CommandContext,
  namespace: Namespace,
  pipeline: readonly Value[],
  collation: Value | undefined,
): void {
  for (const { name } of pipeline.map(parseStage)) {
    if (forbidden.has(name)) {
      throw new CommandError(
        'OptionNotSupportedOnView',
        `The stage ${name} cannot be used in the view definition of ${showNamespace(namespace)}`,
      )
    }
  }
  if (sourceOf(pipeline) === 'documents') {
    throw new CommandError('InvalidNamespace', 'a view begins with the documents of what it is over, not with its own')
  }
  compilePipeline(pipeline, compileContext(context, { collation }))
}
