/** $multiply: the product of numbers. */
import { CommandError } from '../../base/errors.ts'
import { int32Value, nullValue } from '../../bson/encode.ts'
import { multiplyNumbers } from '../../bson/number.ts'
import { type Value, isNullish, isNumber, typeName } from '../../bson/value.ts'
import { narrowed } from '../numbers.ts'
import { variadic } from '../operands.ts'

const one = int32Value(1)

export const operator = variadic('$multiply', values => {
  let product: Value | undefined
  for (const value of values) {
    if (value === undefined || isNullish(value)) return nullValue
    if (!isNumber(value)) {
      throw new CommandError('TypeMismatch', `$multiply only supports numeric types, not ${typeName(value)}`)
    }
    product = product === undefined ? value : multiplyNumbers(product, value)
  }
  return narrowed(product ?? one, values)
})
