/** Projections of find, findAndModify and $project: which fields of a document, and computed ones. */
import { Bug } from '../base/assert.ts'
import type { Value } from '../bson/value.ts'
import type { Variables } from '../expression/variables.ts'
import type { MatchOptions } from './match.ts'

export interface ProjectOptions extends MatchOptions {
  /** `find` also knows $elemMatch, $slice and the positional `$`, for which it needs the filter. */
  readonly of: 'find' | 'aggregate'
  readonly filter?: Value | undefined
  readonly variables: Variables
}

export type Project = (document: Uint8Array) => Uint8Array

/** @throws CommandError 31253, 31254 for a mixture of inclusion and exclusion, and others. `{}` gives all fields to find. */
export function compileProject(_spec: Value, _options: ProjectOptions): Project {
  throw new Bug('not written yet')
}
