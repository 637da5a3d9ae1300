/** $atanh: the inverse of the hyperbolic tangent. */
import { decimalAtanh } from '../decimal-functions.ts'
import { numericFunction, unitInterval } from '../numbers.ts'

export const operator = numericFunction('$atanh', Math.atanh, decimalAtanh, unitInterval)
