/** $atan: the angle in radians whose tangent is the number. */
import { decimalAtan } from '../decimal-functions.ts'
import { numericFunction } from '../numbers.ts'

export const operator = numericFunction('$atan', Math.atan, decimalAtan)
