/** $type: the name of a value's type, "missing" for none. */
import { stringValue } from '../../bson/encode.ts'
import { typeName } from '../../bson/value.ts'
import { unary } from '../operands.ts'

export const operator = unary('$type', value => stringValue(typeName(value)))
