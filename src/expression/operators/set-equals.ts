/** $setEquals: whether arrays have the same values, however often and in whatever order. */
import { CommandError } from '../../base/errors.ts'
import { boolValue } from '../../bson/encode.ts'
import { itemsOf } from '../../bson/reader.ts'
import { isArray, typeName } from '../../bson/value.ts'
import type { ExpressionOperator } from '../operator.ts'
import { compileOperands } from '../operands.ts'
import { ValueSet } from '../sets.ts'

export const operator: ExpressionOperator = {
  name: '$setEquals',
  compile(argument, helpers) {
    const operands = compileOperands('$setEquals', argument, { min: 0, max: Number.MAX_SAFE_INTEGER }, helpers)
    if (operands.length < 2) {
      throw new CommandError('Location17045', `$setEquals needs at least two arguments had: ${operands.length}`)
    }
    return (document, variables) => {
      let first: ValueSet | undefined
      for (const [index, operand] of operands.entries()) {
        const array = operand(document, variables)
        if (!isArray(array)) {
          throw new CommandError(
            'Location17044',
            `All operands of $setEquals must be arrays. ${index + 1}-th argument is of type: ${typeName(array)}`,
          )
        }
        const set = new ValueSet(itemsOf(array), helpers)
        first ??= set
        if (!first.equals(set)) return boolValue(false)
      }
      return boolValue(true)
    }
  },
}
