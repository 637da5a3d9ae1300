/** `{ path: { $gte: value } }`: the value or greater, of values of its kind. */
import { compileComparison, equal, greater } from '../comparison.ts'
import { requireNoPattern } from '../constant.ts'
import type { FieldOperator } from '../operator.ts'

export const operator: FieldOperator = {
  name: '$gte',
  of: 'field',
  compile(argument, { options, path }) {
    requireNoPattern(argument, path)
    return { kind: 'value', arrays: 'items', test: compileComparison(greater | equal, argument, options.collation) }
  },
}
