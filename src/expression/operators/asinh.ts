/** $asinh: the inverse of the hyperbolic sine. */
import { decimalAsinh } from '../decimal-functions.ts'
import { numericFunction } from '../numbers.ts'

export const operator = numericFunction('$asinh', Math.asinh, decimalAsinh)
