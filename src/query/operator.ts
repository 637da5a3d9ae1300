/**
 * The contract of a query operator: query/operators/ has one file for each, and each exports `operator`.
 *
 * A filter is parsed into a tree, and the tree is compiled into functions that walk the bytes of a document:
 *
 *   { size: { $gt: 1, $not: { $mod: [2, 0] } }, $or: [ … ] }
 *
 *   Filter      all ─┬─ field 'size' ── Predicate   all ─┬─ value (> 1)
 *                    └─ any …                            └─ not ── value (mod)
 *
 * A predicate knows nothing of its path: it is what is asked of the values that a path leads to (path.ts). Operators
 * import neither each other nor the parser: recursion comes in with the context.
 */
import type { Pace } from '../base/pace.ts'
import type { Collation } from '../bson/collation.ts'
import type { Value } from '../bson/value.ts'
import type { Variables } from '../expression/variables.ts'

export interface MatchOptions {
  readonly collation?: Collation | undefined
  /** For `$expr`: the command's variables and their names. Without variables `$expr` is refused. */
  readonly variables?: Variables | undefined
  readonly variableNames?: readonly string[] | undefined
  /** Whose time it takes; undefined where nobody else waits. */
  readonly pace?: Pace | undefined
}

/**
 * Asks one value, where it lies: its type byte, the buffer, and the offsets of its first byte and the byte after its
 * last.
 */
export type ValueTest = (type: number, bytes: Uint8Array, start: number, end: number) => boolean

/** Asks the document that begins at `start`. */
export type DocumentTest = (bytes: Uint8Array, start: number) => boolean

/** The type byte that stands for a value that is not there; no BSON type has it. Offsets then mean nothing. */
export const missingType = 0

/** What finds a place in an array gives an index from 0, or one of these: passed, but no item made it; not passed. */
export const here = -1
export const nowhere = -2

/** What is asked of the values that a path leads to. */
export type Predicate =
  | ValuePredicate
  /** Each on its own: two of them may be met by different items of an array. */
  | { readonly kind: 'all'; readonly of: readonly Predicate[] }
  | { readonly kind: 'not'; readonly of: Predicate }

export interface ValuePredicate {
  readonly kind: 'value'
  readonly test: ValueTest
  /** An array is asked item by item and then as a whole (`items`), or only as a whole: $size, $elemMatch. */
  readonly arrays: 'items' | 'whole'
  /** Of `whole`: the index of the item that makes the array at `start` pass, or `nowhere`. */
  readonly itemIndex?: ((bytes: Uint8Array, start: number) => number) | undefined
  /** A value of this one's type passes when its bytes are the same, and not otherwise. */
  readonly literal?: Value | undefined
  /** A value that passes equals one of these, a missing one null. Not there when that cannot be said. */
  readonly equals?: readonly Value[] | undefined
}

export type Filter =
  | { readonly kind: 'field'; readonly path: string; readonly predicate: Predicate }
  | { readonly kind: 'document'; readonly test: DocumentTest }
  /** `all` of nothing matches everything, `any` of nothing matches nothing. */
  | { readonly kind: 'all' | 'any' | 'none'; readonly of: readonly Filter[] }

export const everything: Filter = { kind: 'all', of: [] }
export const nothing: Filter = { kind: 'any', of: [] }

export type QueryOperator = FieldOperator | DocumentOperator

/** Stands behind a path: `{ path: { $gt: 1 } }`. */
export interface FieldOperator {
  /** As users write it. */
  readonly name: string
  readonly of: 'field'
  /** undefined asks nothing. @throws CommandError for an argument of the wrong shape. */
  compile(argument: Value, context: FieldContext): Predicate | undefined
}

export interface FieldContext {
  readonly options: MatchOptions
  /** Empty inside `$elemMatch` of values. For messages. */
  readonly path: string
  /** The document the operator stands in: `{ $regex: 'a', $options: 'i' }`. */
  readonly operators: Value
  /** Whether the name is one that stands in a path's place. */
  isDocumentOperator(name: string): boolean
  /** What a document of operators asks of the same path. */
  compilePredicate(operators: Value): Predicate
  /** A filter on documents inside the user's document. */
  compileFilter(filter: Value): DocumentTest
}

/** Stands in a path's place: `{ $or: […] }`. */
export interface DocumentOperator {
  readonly name: string
  readonly of: 'document'
  /** @throws CommandError for an argument of the wrong shape. */
  compile(argument: Value, context: DocumentContext): Filter
}

export interface DocumentContext {
  readonly options: MatchOptions
  /** Whether the filter is asked of the user's document, not of one inside it. */
  readonly isTopLevel: boolean
  compileFilter(filter: Value): Filter
}
