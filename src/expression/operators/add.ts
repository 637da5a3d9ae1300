/** $add: the sum of numbers; with one date among them, that date moved by so many milliseconds. */
import { CommandError } from '../../base/errors.ts'
import { int32Value, nullValue } from '../../bson/encode.ts'
import { addNumbers } from '../../bson/number.ts'
import { BsonType, type Value, isNullish, isNumber, typeName } from '../../bson/value.ts'
import { movedDate } from '../dates.ts'
import { narrowed } from '../numbers.ts'
import { variadic } from '../operands.ts'

const zero = int32Value(0)

export const operator = variadic('$add', values => {
  let sum: Value | undefined
  let date: Value | undefined
  for (const value of values) {
    if (value === undefined || isNullish(value)) return nullValue
    if (isNumber(value)) {
      // Behind the date each number is rounded to milliseconds by itself.
      if (date !== undefined) date = movedDate('$add', date, value, 1)
      else sum = sum === undefined ? value : addNumbers(sum, value)
    } else if (value.type !== BsonType.date) {
      throw new CommandError('TypeMismatch', `$add only supports numeric or date types, not ${typeName(value)}`)
    } else if (date !== undefined) {
      throw new CommandError('Location16612', 'only one date allowed in an $add expression')
    } else date = movedDate('$add', value, sum ?? zero, 1)
  }
  return date ?? narrowed(sum ?? zero, values)
})
