/** $degreesToRadians: an angle in radians. */
import { decimalRadians } from '../decimal-functions.ts'
import { numericFunction } from '../numbers.ts'

export const operator = numericFunction('$degreesToRadians', degrees => degrees * (Math.PI / 180), decimalRadians)
