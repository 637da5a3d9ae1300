/** $map: what an expression gives for each item of an array: `{ input, as, in }`. Missing results are null. */
import { arrayValue, nullValue } from '../../bson/encode.ts'
import { type Value, isNullish } from '../../bson/value.ts'
import { namedSpecs } from '../arguments.ts'
import { itemVariable, requireItems, requireMemory } from '../arrays.ts'
import type { ExpressionOperator } from '../operator.ts'

const shape = {
  operator: '$map',
  required: { input: 'Location16880', in: 'Location16882' },
  optional: ['as'],
  notObject: 'Location16878',
  unknown: 'Location16879',
} as const

export const operator: ExpressionOperator = {
  name: '$map',
  compile(argument, helpers) {
    const specs = namedSpecs(argument, shape)
    const input = helpers.compileExpression(specs.input)
    const name = itemVariable(specs.as)
    const each = helpers.compileExpression(specs.in, [name])
    const { pace } = helpers
    return (document, variables) => {
      const array = input(document, variables)
      if (array === undefined || isNullish(array)) return nullValue
      const results: (Value | undefined)[] = []
      let bytes = 0
      for (const item of requireItems(array, 'Location16883', 'input to $map must be an array not')) {
        pace?.spend()
        const result = each(document, variables.with(name, item))
        if (result !== undefined) requireMemory('$map', (bytes += result.end - result.start))
        results.push(result)
      }
      return arrayValue(results)
    }
  },
}
