/** The contract of a pipeline stage: aggregate/stages/ has one file for each. */
import type { Value } from '../bson/value.ts'
import type { ProjectOptions } from '../query/project.ts'

/** What a stage is compiled with: collation and variables of the command. */
export type StageOptions = Pick<ProjectOptions, 'collation' | 'variables' | 'variableNames'>

/**
 * `each`: a function of one document, which gives what it becomes, or undefined when it is filtered out. `all`: needs to
 * see the sequence ($sort, $group, $limit). Only `each` can stand in a change stream.
 */
export type Transform =
  | { readonly kind: 'each'; apply(document: Uint8Array): Uint8Array | undefined }
  | { readonly kind: 'all'; run(documents: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> }

export interface Stage {
  /** As users write it: `$match`. */
  readonly name: string
  readonly inChangeStream: boolean
  /** Whether it may stand in an update pipeline. */
  readonly inUpdate: boolean
  compile(spec: Value, options: StageOptions): Transform
}
