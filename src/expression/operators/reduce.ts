/** $reduce: `in` evaluated for each item as `$$this`, with what it gave before as `$$value`: `{ input, initialValue, in }`. */
import { CommandError } from '../../base/errors.ts'
import { nullValue } from '../../bson/encode.ts'
import { itemsOf } from '../../bson/reader.ts'
import { show } from '../../bson/show.ts'
import { isArray, isNullish } from '../../bson/value.ts'
import { namedSpecs } from '../arguments.ts'
import { requireMemory } from '../arrays.ts'
import type { ExpressionOperator } from '../operator.ts'

const shape = {
  operator: '$reduce',
  required: { input: 'Location40077', initialValue: 'Location40078', in: 'Location40079' },
  notObject: 'Location40075',
  unknown: 'Location40076',
} as const

export const operator: ExpressionOperator = {
  name: '$reduce',
  compile(argument, helpers) {
    const specs = namedSpecs(argument, shape)
    const input = helpers.compileExpression(specs.input)
    const initial = helpers.compileExpression(specs.initialValue)
    const step = helpers.compileExpression(specs.in, ['this', 'value'])
    const { pace } = helpers
    return (document, variables) => {
      const array = input(document, variables)
      if (array === undefined || isNullish(array)) return nullValue
      if (!isArray(array)) {
        throw new CommandError('Location40080', `$reduce requires that 'input' be an array, found: ${show(array)}`)
      }
      let value = initial(document, variables)
      for (const item of itemsOf(array)) {
        pace?.spend()
        value = step(document, variables.with('this', item).with('value', value))
        if (value !== undefined) requireMemory('$reduce', value.end - value.start)
      }
      return value
    }
  },
}
