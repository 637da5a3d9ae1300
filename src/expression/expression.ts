/** Aggregation expressions: a specification compiled once into a function of a document and the variables. */
import { Bug } from '../base/assert.ts'
import type { Collation } from '../bson/collation.ts'
import type { Value } from '../bson/value.ts'
import type { Variables } from './variables.ts'

/** `document` is a value of type document (what `$$CURRENT` is at the start); undefined out means missing. */
export type Evaluate = (document: Value, variables: Variables) => Value | undefined

export interface CompileOptions {
  /** How strings compare; undefined for by bytes. */
  readonly collation?: Collation | undefined
  /** Names that the command's `let` defines. A variable that nobody defined is refused (17276). */
  readonly variables?: readonly string[] | undefined
}

/** @throws CommandError for an unknown operator (168), a wrong number of arguments (16020), an undefined variable … */
export function compileExpression(_spec: Value, _options: CompileOptions): Evaluate {
  throw new Bug('not written yet')
}
