/** $bitOr: the bits that are set in any operand, ints and longs. */
import { bitwise } from '../bits.ts'

export const operator = bitwise(
  '$bitOr',
  0,
  (a, b) => a | b,
  (a, b) => a | b,
)
