/** `{ $nor: [filter, …] }`: no filter matches. */
import { compileBranches } from '../branches.ts'
import type { DocumentOperator } from '../operator.ts'

export const operator: DocumentOperator = {
  name: '$nor',
  of: 'document',
  compile: (argument, context) => ({ kind: 'none', of: compileBranches('$nor', argument, context) }),
}
