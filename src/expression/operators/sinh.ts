/** $sinh: the hyperbolic sine. */
import { decimalSinh } from '../decimal-functions.ts'
import { numericFunction } from '../numbers.ts'

export const operator = numericFunction('$sinh', Math.sinh, decimalSinh)
