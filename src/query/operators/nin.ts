/** `{ path: { $nin: [value, /pattern/] } }`: what `$in` does not find. */
import { memberPredicate } from '../constant.ts'
import type { FieldOperator } from '../operator.ts'

export const operator: FieldOperator = {
  name: '$nin',
  of: 'field',
  compile: (argument, { options }) => ({
    kind: 'not',
    of: memberPredicate(argument, '$nin', options),
  }),
}
