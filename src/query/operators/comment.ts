/** `{ $comment: anything }`: asks nothing. */
import { type DocumentOperator, everything } from '../operator.ts'

export const operator: DocumentOperator = { name: '$comment', of: 'document', compile: () => everything }
