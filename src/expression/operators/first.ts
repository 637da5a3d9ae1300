/** $first: the first item of an array; missing when it is empty. */
import { itemAt } from '../arrays.ts'
import { unaryOrNull } from '../operands.ts'

export const operator = unaryOrNull('$first', array => itemAt('$first', array, 0))
