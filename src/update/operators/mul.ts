/** `{ $mul: { path: factor } }` multiplies a number; a missing field becomes a zero of the factor's type. */
import { int32Value } from '../../bson/encode.ts'
import { multiplyNumbers } from '../../bson/number.ts'
import { arithmeticOperator } from '../arithmetic.ts'

export const operator = arithmeticOperator({
  name: '$mul',
  verb: 'multiply',
  combine: multiplyNumbers,
  start: factor => multiplyNumbers(factor, int32Value(0)),
})
