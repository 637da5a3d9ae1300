/** `{ path: { $bitsAllClear: mask } }`: every bit of the mask is clear. */
import { bitsOperator } from '../bits.ts'

export const operator = bitsOperator('$bitsAllClear', { bits: 'all', are: 'clear' })
