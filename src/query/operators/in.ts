/**
 * `{ path: { $in: [value, /pattern/] } }`: equal to one of the values, or matched by one of the regular expressions.
 */
import { memberPredicate } from '../constant.ts'
import type { FieldOperator } from '../operator.ts'

export const operator: FieldOperator = {
  name: '$in',
  of: 'field',
  compile: (argument, { options }) => memberPredicate(argument, '$in', options),
}
