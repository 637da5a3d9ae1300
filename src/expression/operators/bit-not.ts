/** $bitNot: every bit of an int or long turned round. */
import { CommandError } from '../../base/errors.ts'
import { int32Value, int64Value } from '../../bson/encode.ts'
import { BsonType, toInt32, toInt64, typeName } from '../../bson/value.ts'
import { requireNumber } from '../numbers.ts'
import { unaryOrNull } from '../operands.ts'

export const operator = unaryOrNull('$bitNot', value => {
  requireNumber('$bitNot', value)
  if (value.type === BsonType.int32) return int32Value(~toInt32(value))
  if (value.type === BsonType.int64) return int64Value(~toInt64(value))
  throw new CommandError('TypeMismatch', `$bitNot only supports int and long, not: ${typeName(value)}.`)
})
