/** $bitXor: the bits that are set in an odd number of operands, ints and longs. */
import { bitwise } from '../bits.ts'

export const operator = bitwise(
  '$bitXor',
  0,
  (a, b) => a ^ b,
  (a, b) => a ^ b,
)
