/** $divide: one number divided by another; two integers give a double. */
import { CommandError } from '../../base/errors.ts'
import { divideNumbers } from '../../bson/number.ts'
import { isNumber, typeName } from '../../bson/value.ts'
import { binaryOrNull } from '../operands.ts'
import { isTrue } from '../truth.ts'

export const operator = binaryOrNull('$divide', (a, b) => {
  if (!isNumber(a) || !isNumber(b)) {
    throw new CommandError('TypeMismatch', `$divide only supports numeric types, not ${typeName(a)} and ${typeName(b)}`)
  }
  if (!isTrue(b)) throw new CommandError('BadValue', "can't $divide by zero")
  return divideNumbers(a, b)
})
