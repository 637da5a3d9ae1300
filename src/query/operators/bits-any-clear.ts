/** `{ path: { $bitsAnyClear: mask } }`: at least one bit of the mask is clear. */
import { bitsOperator } from '../bits.ts'

export const operator = bitsOperator('$bitsAnyClear', { bits: 'any', are: 'clear' })
