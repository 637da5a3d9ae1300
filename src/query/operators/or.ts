/** `{ $or: [filter, …] }`: at least one filter matches. */
import { compileBranches } from '../branches.ts'
import type { DocumentOperator } from '../operator.ts'

export const operator: DocumentOperator = {
  name: '$or',
  of: 'document',
  compile: (argument, context) => ({ kind: 'any', of: compileBranches('$or', argument, context) }),
}
