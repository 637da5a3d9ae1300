/**
 * The contract of an expression operator: expression/operators/ has one file for each, and each exports `operator`.
 *
 * An operator is compiled once and evaluated for every document. It never imports the compiler: `compileExpression` comes
 * in as an argument. Values in, values out; `undefined` is the missing value.
 */
import type { Pace } from '../base/pace.ts'
import type { Collation } from '../bson/collation.ts'
import type { Value } from '../bson/value.ts'
import type { Variables } from './variables.ts'

/** `document` is a value of type document (what `$$CURRENT` is at the start); undefined out means missing. */
export interface Evaluate {
  (document: Value, variables: Variables): Value | undefined
  /** There when the expression gives the same whatever the document and the variables are. */
  readonly constant?: { readonly value: Value | undefined }
}

/** How an operator compares values, and whose time it takes. */
export interface CompareHelpers {
  /** How strings compare; undefined for by bytes. */
  readonly collation: Collation | undefined
  /** Who looks at many items spends a piece for each. Undefined where nobody else waits. */
  readonly pace: Pace | undefined
}

/** What an operator may use while it is compiled. */
export interface CompileHelpers extends CompareHelpers {
  /**
   * Compiles an operand. `definedInside` names the variables that the operator itself will define around it.
   *
   * @throws CommandError as `compileExpression` of expression.ts does.
   */
  compileExpression(spec: Value, definedInside?: readonly string[]): Evaluate
}

export interface ExpressionOperator {
  /** As users write it: `$add`. */
  readonly name: string
  /**
   * `argument` is what stands behind the name, not evaluated. An operator whose operands are all constant is evaluated
   * once, when it is compiled, so the result may depend on nothing but its operands; one that has no operands is not.
   *
   * @throws CommandError when the argument has not the operator's shape.
   */
  compile(argument: Value, helpers: CompileHelpers): Evaluate
}

/** An expression that always gives `value`. */
export function constantly(value: Value | undefined): Evaluate {
  return Object.assign(() => value, { constant: { value } })
}
