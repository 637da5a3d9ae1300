/** $cosh: the hyperbolic cosine. */
import { decimalCosh } from '../decimal-functions.ts'
import { numericFunction } from '../numbers.ts'

export const operator = numericFunction('$cosh', Math.cosh, decimalCosh)
