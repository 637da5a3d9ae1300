/** Operators that look at their operands one after another and stop when the answer is known. */
import type { Value } from '../bson/value.ts'
import type { ExpressionOperator } from './operator.ts'
import { compileOperands } from './operands.ts'
import { isTrue } from './truth.ts'

export interface ShortCircuit {
  /** The first operand that is as true as this ends it. */
  readonly stopsAt: boolean
  readonly stopped: Value
  readonly otherwise: Value
}

export function shortCircuit(name: string, { stopsAt, stopped, otherwise }: ShortCircuit): ExpressionOperator {
  return {
    name,
    compile(argument, helpers) {
      const operands = compileOperands(name, argument, { min: 0, max: Number.MAX_SAFE_INTEGER }, helpers)
      return (document, variables) => {
        for (const operand of operands) if (isTrue(operand(document, variables)) === stopsAt) return stopped
        return otherwise
      }
    },
  }
}
