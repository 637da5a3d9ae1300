/** $cond: one of two operands, as a third one is true or not: `[if, then, else]`, or with those names. */
import { isDocument } from '../../bson/value.ts'
import { compileNamed } from '../arguments.ts'
import type { Evaluate, ExpressionOperator } from '../operator.ts'
import { compileOperands } from '../operands.ts'
import { isTrue } from '../truth.ts'

const shape = {
  operator: '$cond',
  required: { if: 'Location17080', then: 'Location17081', else: 'Location17082' },
  notObject: 'Location16020',
  unknown: 'Location17083',
} as const

export const operator: ExpressionOperator = {
  name: '$cond',
  compile(argument, helpers) {
    if (!isDocument(argument)) {
      const operands = compileOperands('$cond', argument, { min: 3, max: 3 }, helpers)
      return choose(...(operands as [Evaluate, Evaluate, Evaluate]))
    }
    const named = compileNamed(argument, shape, helpers)
    return choose(named.if, named.then, named.else)
  },
}

const choose =
  (test: Evaluate, yes: Evaluate, no: Evaluate): Evaluate =>
  (document, variables) =>
    isTrue(test(document, variables)) ? yes(document, variables) : no(document, variables)
