/** `{ $alwaysFalse: 1 }`. */
import { requireOne } from '../integer.ts'
import { type DocumentOperator, nothing } from '../operator.ts'

export const operator: DocumentOperator = {
  name: '$alwaysFalse',
  of: 'document',
  compile(argument) {
    requireOne(argument, '$alwaysFalse')
    return nothing
  },
}
