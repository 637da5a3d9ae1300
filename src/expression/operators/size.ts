/** $size: how many items an array has. */
import { CommandError } from '../../base/errors.ts'
import { int32Value } from '../../bson/encode.ts'
import { elementCount } from '../../bson/reader.ts'
import { isArray, typeName } from '../../bson/value.ts'
import { unary } from '../operands.ts'

export const operator = unary('$size', array => {
  if (isArray(array)) return int32Value(elementCount(array))
  throw new CommandError('Location17124', `The argument to $size must be an array, but was of type: ${typeName(array)}`)
})
