/** `{ path: { $bitsAnySet: mask } }`: at least one bit of the mask is set. */
import { bitsOperator } from '../bits.ts'

export const operator = bitsOperator('$bitsAnySet', { bits: 'any', are: 'set' })
