/** $floor: the largest whole number that is not larger, of the same type. */
import { wholeNumber } from '../rounding.ts'

export const operator = wholeNumber('$floor', 'floor')
