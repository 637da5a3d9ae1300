/** `{ path: { $bitsAllSet: mask } }`: every bit of the mask is set. */
import { bitsOperator } from '../bits.ts'

export const operator = bitsOperator('$bitsAllSet', { bits: 'all', are: 'set' })
