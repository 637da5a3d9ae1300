/** `{ $inc: { path: amount } }` adds to a number; a missing field starts from zero. */
import { addNumbers } from '../../bson/number.ts'
import { arithmeticOperator } from '../arithmetic.ts'

export const operator = arithmeticOperator({
  name: '$inc',
  verb: 'increment',
  combine: addNumbers,
  start: amount => amount,
})
