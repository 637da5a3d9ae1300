/** $not: whether the operand is not true. */
import { boolValue } from '../../bson/encode.ts'
import { unary } from '../operands.ts'
import { isTrue } from '../truth.ts'

export const operator = unary('$not', value => boolValue(!isTrue(value)))
