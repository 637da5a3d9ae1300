/** $tanh: the hyperbolic tangent. */
import { decimalTanh } from '../decimal-functions.ts'
import { numericFunction } from '../numbers.ts'

export const operator = numericFunction('$tanh', Math.tanh, decimalTanh)
