/** `{ $and: [filter, …] }`: every filter matches. */
import { compileBranches } from '../branches.ts'
import type { DocumentOperator } from '../operator.ts'

export const operator: DocumentOperator = {
  name: '$and',
  of: 'document',
  compile: (argument, context) => ({ kind: 'all', of: compileBranches('$and', argument, context) }),
}
