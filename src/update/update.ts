/** Updates: an update document, replacement or pipeline compiled once into a function from a document to what it becomes. */
import { Bug } from '../base/assert.ts'
import type { Value } from '../bson/value.ts'
import type { MatchOptions } from '../query/match.ts'

export interface UpdateOptions extends MatchOptions {
  readonly arrayFilters?: readonly Value[] | undefined
  /** Compiles an update pipeline; passed in, since stages are above this folder. */
  compilePipeline(stages: Value): (document: Uint8Array) => Uint8Array
}

/** What one document becomes. `diff` is the oplog's `{ d, u, i, s… }` (the `$v: 2` form, without `$v`). */
export type Applied =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'update'; readonly after: Uint8Array; readonly diff: Uint8Array }
  | { readonly kind: 'replace'; readonly after: Uint8Array }

export interface UpdateMoment {
  /** For $currentDate. */
  readonly nowMs: number
  /** For $currentDate with `timestamp`; as `toTimestamp`. */
  readonly clusterTime: bigint
  /** Where the filter matched in an array, for the positional `$`; undefined when it did not. */
  readonly arrayIndex?: number | undefined
}

export interface Update {
  readonly kind: 'operators' | 'replacement' | 'pipeline'
  /** Whether a path uses the positional `$`, so that `arrayIndex` is worth finding out. */
  readonly usesPosition: boolean
  /** Pure. @throws CommandError ImmutableField when the _id would change, and what the operators refuse. */
  apply(before: Uint8Array, moment: UpdateMoment): Applied
  /**
   * The document that an upsert inserts: from the filter's equalities, the update, and $setOnInsert. It has an _id only if
   * one of those gives it; the caller adds one otherwise, in front.
   */
  applyToMissing(equalities: readonly (readonly [path: string, value: Value])[], moment: UpdateMoment): Uint8Array
}

/** `spec` is a document (operators or a replacement) or an array (a pipeline). */
export function compileUpdate(_spec: Value, _options: UpdateOptions): Update {
  throw new Bug('not written yet')
}
