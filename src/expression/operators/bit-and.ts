/** $bitAnd: the bits that are set in all operands, ints and longs. */
import { bitwise } from '../bits.ts'

export const operator = bitwise(
  '$bitAnd',
  -1,
  (a, b) => a & b,
  (a, b) => a & b,
)
