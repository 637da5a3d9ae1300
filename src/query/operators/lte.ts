/** `{ path: { $lte: value } }`: the value or less, of values of its kind. */
import { compileComparison, equal, less } from '../comparison.ts'
import { requireNoPattern } from '../constant.ts'
import type { FieldOperator } from '../operator.ts'

export const operator: FieldOperator = {
  name: '$lte',
  of: 'field',
  compile(argument, { options, path }) {
    requireNoPattern(argument, path)
    return { kind: 'value', arrays: 'items', test: compileComparison(less | equal, argument, options.collation) }
  },
}
