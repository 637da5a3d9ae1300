/**
 * The contract of a pipeline stage: aggregate/stages/ has one file for each.
 *
 * A stage is compiled once for a command, and everything that can be refused is refused then; what comes out of it only
 * runs. What a stage keeps between documents belongs to one `run`, so that a compiled pipeline can run again.
 */
import type { MemoryPool } from '../base/memory-pool.ts'
import type { Pace } from '../base/pace.ts'
import type { Value } from '../bson/value.ts'
import type { ProjectOptions } from '../query/project.ts'

/** What a stage is compiled with: the command's collation, its variables, and the names that its `let` defines. */
export interface StageOptions extends Pick<ProjectOptions, 'collation' | 'variables' | 'variableNames' | 'pace'> {
  /** What one blocking stage may hold in memory; `blockingStageBytesMax` when it is not given. */
  readonly memoryBytesMax?: number | undefined
  /** What all stages of all commands hold; undefined where there are no others. */
  readonly memoryPool?: MemoryPool | undefined
  /** How many pipelines of other stages and of views are around; 0 when it is not given. */
  readonly depth?: number | undefined
  /** Where $lookup and $unionWith read. Without one they compile and do not run. */
  readonly foreign?: ForeignReader | undefined
}

/** Reads other collections of the database; passed in, since collections are above this folder. */
export interface ForeignReader {
  /** The documents of a collection or a view, through `stages`; none when there is nothing of that name. */
  read(coll: string, stages: readonly Value[], options: StageOptions, pace: Pace): AsyncIterable<Uint8Array>
}

/**
 * Documents in, documents out, in their order. It stops asking its source as soon as nobody asks it any more. A stage that may
 * read much before it gives anything steps with `pace`, which is the command's.
 */
export type Run = (documents: AsyncIterable<Uint8Array>, pace: Pace) => AsyncIterable<Uint8Array>

export interface StageContext extends StageOptions {
  /**
   * For a stage that is short for others ($sortByCount), or that has pipelines `within` it. Each of `stages` is a document of one field,
   * as users write it.
   *
   * @throws CommandError for a stage that may not stand there, MaxSubPipelineDepthExceeded.
   */
  readonly compilePipeline: (stages: readonly Value[], nesting?: Nesting) => Run
}

/** Where a pipeline stands that is a part of a stage. */
export interface Nesting {
  readonly within: '$facet' | '$lookup' | '$unionWith'
  /** What is other than in the pipeline around it. */
  readonly options?: Pick<StageOptions, 'variables' | 'variableNames'>
}

/** A function of one document: what it becomes, or undefined when it is filtered out. The input is never changed. */
export interface Each {
  readonly kind: 'each'
  readonly apply: (document: Uint8Array) => Uint8Array | undefined
}

/** Needs to see the sequence: $sort, $group, $limit, $unwind. */
export interface All {
  readonly kind: 'all'
  readonly run: Run
  /** The stage only drops the first `count` documents, or all behind the first `count`. */
  readonly cut?: { readonly kind: 'skip' | 'limit'; readonly count: number }
  /** The same stage when no more than its first `count` documents are asked for: a sort then holds no more than that. */
  readonly limitedTo?: (count: number) => All
}

/** Only `each` can stand in a change stream and in an update. */
export type Transform = Each | All

export const each = (apply: Each['apply']): Each => ({ kind: 'each', apply })

export interface Stage {
  /** As users write it: `$match`. */
  readonly name: string
  /** Whether it may stand behind $changeStream. It is then an `each`. */
  readonly inChangeStream: boolean
  /** Whether it may stand in an update pipeline. It is then an `each`. */
  readonly inUpdate: boolean
  /** It makes the documents itself and looks at none: it stands first, and the collection is not read. */
  readonly isSource?: boolean
  /** `spec` is what stands behind the stage's name. @throws CommandError with the server's code for a wrong `spec`. */
  compile(spec: Value, context: StageContext): Transform
}
