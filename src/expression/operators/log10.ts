/** $log10: the logarithm to the base 10 of a positive number. */
import { decimalLog10 } from '../decimal-functions.ts'
import { logarithm } from '../logarithms.ts'

export const operator = logarithm('$log10', 'Location28761', Math.log10, decimalLog10)
