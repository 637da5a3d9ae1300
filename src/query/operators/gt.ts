/** `{ path: { $gt: value } }`: greater than the value, of values of its kind. */
import { compileComparison, greater } from '../comparison.ts'
import { requireNoPattern } from '../constant.ts'
import type { FieldOperator } from '../operator.ts'

export const operator: FieldOperator = {
  name: '$gt',
  of: 'field',
  compile(argument, { options, path }) {
    requireNoPattern(argument, path)
    return { kind: 'value', arrays: 'items', test: compileComparison(greater, argument, options.collation) }
  },
}
