/** $acosh: the inverse of the hyperbolic cosine. */
import { decimalAcosh } from '../decimal-functions.ts'
import { fromOne, numericFunction } from '../numbers.ts'

export const operator = numericFunction('$acosh', Math.acosh, decimalAcosh, fromOne)
