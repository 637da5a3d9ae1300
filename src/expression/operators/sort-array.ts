/** $sortArray: an array's items in order: `{ input, sortBy }`. */
import { arrayValue, nullValue } from '../../bson/encode.ts'
import { isNullish } from '../../bson/value.ts'
import { namedSpecs } from '../arguments.ts'
import { compileArrange } from '../array-order.ts'
import { requireItems } from '../arrays.ts'
import { weighed } from '../operands.ts'
import type { ExpressionOperator } from '../operator.ts'

const shape = {
  operator: '$sortArray',
  required: { input: 'Location2942502', sortBy: 'Location2942503' },
  notObject: 'Location2942500',
  unknown: 'Location2942501',
} as const

export const operator: ExpressionOperator = {
  name: '$sortArray',
  compile(argument, helpers) {
    const specs = namedSpecs(argument, shape)
    const input = helpers.compileExpression(specs.input)
    const arrange = compileArrange(specs.sortBy, helpers)
    return (document, variables) => {
      const array = weighed(input(document, variables), helpers)
      if (array === undefined || isNullish(array)) return nullValue
      const words = 'The input argument to $sortArray must be an array, but was of type:'
      return arrayValue(arrange(requireItems(array, 'Location2942504', words)))
    }
  },
}
