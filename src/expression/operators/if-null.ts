/** $ifNull: the first operand that is neither null nor missing, or else the last one. */
import { CommandError } from '../../base/errors.ts'
import { isNullish } from '../../bson/value.ts'
import type { Evaluate, ExpressionOperator } from '../operator.ts'
import { compileOperands } from '../operands.ts'

export const operator: ExpressionOperator = {
  name: '$ifNull',
  compile(argument, helpers) {
    const operands = compileOperands('$ifNull', argument, { min: 0, max: Number.MAX_SAFE_INTEGER }, helpers)
    if (operands.length < 2) {
      throw new CommandError('Location1257300', `$ifNull needs at least two arguments, had: ${operands.length}`)
    }
    const last = operands.pop() as Evaluate
    return (document, variables) => {
      for (const operand of operands) {
        const value = operand(document, variables)
        if (!isNullish(value)) return value
      }
      return last(document, variables)
    }
  },
}
