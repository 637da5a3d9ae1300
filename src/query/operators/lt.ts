/** `{ path: { $lt: value } }`: less than the value, of values of its kind. */
import { compileComparison, less } from '../comparison.ts'
import { requireNoPattern } from '../constant.ts'
import type { FieldOperator } from '../operator.ts'

export const operator: FieldOperator = {
  name: '$lt',
  of: 'field',
  compile(argument, { options, path }) {
    requireNoPattern(argument, path)
    return { kind: 'value', arrays: 'items', test: compileComparison(less, argument, options.collation) }
  },
}
