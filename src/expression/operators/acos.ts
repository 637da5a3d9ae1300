/** $acos: the angle in radians whose cosine is the number. */
import { decimalAcos } from '../decimal-functions.ts'
import { numericFunction, unitInterval } from '../numbers.ts'

export const operator = numericFunction('$acos', Math.acos, decimalAcos, unitInterval)
