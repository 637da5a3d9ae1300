/** $radiansToDegrees: an angle in degrees. */
import { decimalDegrees } from '../decimal-functions.ts'
import { numericFunction } from '../numbers.ts'

export const operator = numericFunction('$radiansToDegrees', radians => radians * (180 / Math.PI), decimalDegrees)
