/** $asin: the angle in radians whose sine is the number. */
import { decimalAsin } from '../decimal-functions.ts'
import { numericFunction, unitInterval } from '../numbers.ts'

export const operator = numericFunction('$asin', Math.asin, decimalAsin, unitInterval)
