/** $ceil: the smallest whole number that is not smaller, of the same type. */
import { wholeNumber } from '../rounding.ts'

export const operator = wholeNumber('$ceil', 'ceil')
