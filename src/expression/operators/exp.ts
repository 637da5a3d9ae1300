/** $exp: e to the power of the number. */
import { decimalExp } from '../decimal-functions.ts'
import { numericFunction } from '../numbers.ts'

export const operator = numericFunction('$exp', Math.exp, decimalExp)
