/** $last: the last item of an array; missing when it is empty. */
import { itemAt } from '../arrays.ts'
import { unaryOrNull } from '../operands.ts'

export const operator = unaryOrNull('$last', array => itemAt('$last', array, -1))
