/** $isNumber: whether a value is a number of any type. */
import { boolValue } from '../../bson/encode.ts'
import { isNumber } from '../../bson/value.ts'
import { unary } from '../operands.ts'

export const operator = unary('$isNumber', value => boolValue(isNumber(value)))
