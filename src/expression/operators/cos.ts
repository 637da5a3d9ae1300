/** $cos: the cosine of an angle in radians. */
import { decimalCos } from '../decimal-functions.ts'
import { finiteNumbers, numericFunction } from '../numbers.ts'

export const operator = numericFunction('$cos', Math.cos, decimalCos, finiteNumbers)
