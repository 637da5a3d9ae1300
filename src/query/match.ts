/** Filters: a filter document compiled once into a test that walks a document's bytes. */
import { Bug } from '../base/assert.ts'
import type { Collation } from '../bson/collation.ts'
import type { Value } from '../bson/value.ts'
import type { Variables } from '../expression/variables.ts'

export interface MatchOptions {
  readonly collation?: Collation | undefined
  /** For `$expr`: the command's variables and their names. */
  readonly variables?: Variables | undefined
  readonly variableNames?: readonly string[] | undefined
}

export type Match = (document: Uint8Array) => boolean

/** @throws CommandError BadValue and others for an unknown operator or a wrong argument. */
export function compileMatch(_filter: Value, _options: MatchOptions): Match {
  throw new Bug('not written yet')
}

/**
 * The index of the array item that made a document match, for the positional `$` of updates and projections; undefined when
 * no array was involved. Asked only of documents that match.
 */
export function compileMatchedIndex(
  _filter: Value,
  _options: MatchOptions,
): (document: Uint8Array) => number | undefined {
  throw new Bug('not written yet')
}

/** The `path: value` pairs that every matching document must have, from equality and $and; what an upsert starts from. */
export function equalitiesOf(_filter: Value): [path: string, value: Value][] {
  throw new Bug('not written yet')
}
