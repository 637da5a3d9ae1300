/**
 * The contract of an update operator: update/operators/ has one file for each, and each exports `operator`.
 *
 * An operator is compiled for each path it is written under, where a bad argument is refused before any document is touched.
 * What it does to a document goes through a Place, which both changes the document and logs the change (draft.ts).
 */
import type { Pace } from '../base/pace.ts'
import type { Collation } from '../bson/collation.ts'
import type { Value } from '../bson/value.ts'
import type { UpdatePath } from './path.ts'

export interface UpdateMoment {
  /** For $currentDate. */
  readonly nowMs: number
  /** For $currentDate with `timestamp`; as `toTimestamp`. */
  readonly clusterTime: bigint
  /** Where the filter matched in an array, for the positional `$`; undefined when it did not. */
  readonly arrayIndex?: number | undefined
}

export interface MutationMoment extends UpdateMoment {
  /** Whether an upsert is making a new document. */
  readonly inserting: boolean
}

/** Changes one place of a document, or leaves it. @throws CommandError for a value it cannot work on. */
export type Mutation = (place: Place, moment: MutationMoment) => void

export interface OperatorOptions {
  /** How strings compare; undefined for by bytes. */
  readonly collation: Collation | undefined
  /** Whose time it takes; undefined where nobody else waits. */
  readonly pace?: Pace | undefined
}

export interface UpdateOperator {
  /** As users write it: `$set`. */
  readonly name: string
  /**
   * The path that is changed, of an operator that works elsewhere than under the path it is written at; that one is then only
   * reserved, so that nothing else in the same update touches it.
   *
   * @throws CommandError when the argument names no path.
   */
  targetOf?(path: UpdatePath, argument: Value): UpdatePath
  /** @throws CommandError when the argument is not what the operator takes. */
  compile(path: UpdatePath, argument: Value, options: OperatorOptions): Mutation
}

/** One place of the document that is being changed, be there something or not. */
export interface Place {
  /** The whole path, with the indexes of the items that `$`, `$[]` and `$[x]` stand for. */
  readonly path: string
  /** Its last part. */
  readonly name: string
  /** What is there now; undefined when nothing is. */
  readonly value: Value | undefined
  /** `_id: 1`, or `no id`: which document this is, for messages. */
  readonly documentName: string
  /** The name of the nearest array that the path leads through; undefined when there is none. */
  readonly arrayAbove: string | undefined

  /**
   * Puts `value` there. What is missing of the path is made, as documents; between an array's end and a new item come nulls.
   * The same bytes as before change and log nothing.
   *
   * @throws CommandError PathNotViable when the path leads through what holds no fields, ImmutableField for the _id.
   */
  set(value: Value): void
  /** Takes the field out, or makes the item null. Does nothing where nothing is. */
  remove(): void
  /** Adds items, at least one, to the array that is there; each is logged for itself. */
  append(items: readonly Value[]): void
  /** Refuses (PathNotViable) a path that `set` could not make. */
  requireViable(): void
  /** Another place of the same document. */
  elsewhere(path: UpdatePath): Place
}
