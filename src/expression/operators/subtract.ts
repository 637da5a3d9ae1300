/** $subtract: the difference of two numbers, the milliseconds between two dates, or a date that many milliseconds earlier. */
import { CommandError } from '../../base/errors.ts'
import { int64Value } from '../../bson/encode.ts'
import { subtractNumbers } from '../../bson/number.ts'
import { BsonType, isNumber, toInt64, typeName } from '../../bson/value.ts'
import { movedDate } from '../dates.ts'
import { binaryOrNull } from '../operands.ts'

export const operator = binaryOrNull('$subtract', (a, b) => {
  if (isNumber(a) && isNumber(b)) return subtractNumbers(a, b)
  if (a.type === BsonType.date) {
    if (b.type === BsonType.date) return int64Value(requireInt64(toInt64(a) - toInt64(b)))
    if (isNumber(b)) return movedDate('$subtract', a, b, -1)
  }
  throw new CommandError('TypeMismatch', `can't $subtract ${typeName(b)} from ${typeName(a)}`)
})

function requireInt64(ms: bigint): bigint {
  if (BigInt.asIntN(64, ms) === ms) return ms
  throw new CommandError('Overflow', 'date overflow in $subtract')
}
