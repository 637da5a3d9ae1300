/** $sin: the sine of an angle in radians. */
import { decimalSin } from '../decimal-functions.ts'
import { finiteNumbers, numericFunction } from '../numbers.ts'

export const operator = numericFunction('$sin', Math.sin, decimalSin, finiteNumbers)
