/** Expressions of stages and accumulators: compiled with the command's collation, and its variables already in them. */
import type { Value } from '../bson/value.ts'
import { compileExpression } from '../expression/expression.ts'
import type { StageOptions } from './stage.ts'

/** `document` is a value of type document; undefined is what is missing. */
export type Compute = (document: Value) => Value | undefined

/** @throws CommandError as `compileExpression`. */
export function compileCompute(spec: Value, { collation, variables, variableNames, pace }: StageOptions): Compute {
  const evaluate = compileExpression(spec, { collation, variables: variableNames, pace })
  return document => evaluate(document, variables)
}
