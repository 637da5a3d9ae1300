/** $isArray: whether the operand is an array. */
import { boolValue } from '../../bson/encode.ts'
import { isArray } from '../../bson/value.ts'
import { unary } from '../operands.ts'

export const operator = unary('$isArray', value => boolValue(isArray(value)))
