/** $tan: the tangent of an angle in radians. */
import { decimalTan } from '../decimal-functions.ts'
import { finiteNumbers, numericFunction } from '../numbers.ts'

export const operator = numericFunction('$tan', Math.tan, decimalTan, finiteNumbers)
