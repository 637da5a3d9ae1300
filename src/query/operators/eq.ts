/** `{ path: { $eq: value } }`: equal to the value, which may be a regular expression as a value. */
import { equalsPredicate } from '../constant.ts'
import type { FieldOperator } from '../operator.ts'

export const operator: FieldOperator = {
  name: '$eq',
  of: 'field',
  compile: (argument, { options }) => equalsPredicate(argument, options.collation),
}
