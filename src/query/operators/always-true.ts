/** `{ $alwaysTrue: 1 }`. */
import { requireOne } from '../integer.ts'
import { type DocumentOperator, everything } from '../operator.ts'

export const operator: DocumentOperator = {
  name: '$alwaysTrue',
  of: 'document',
  compile(argument) {
    requireOne(argument, '$alwaysTrue')
    return everything
  },
}
