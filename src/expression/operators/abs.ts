/** $abs: a number without its sign. */
import { CommandError } from '../../base/errors.ts'
import { decodeDecimal } from '../../bson/decimal.ts'
import { doubleValue, int32Value, int64Value } from '../../bson/encode.ts'
import { BsonType, toDouble, toInt32, toInt64 } from '../../bson/value.ts'
import { decimalResult, requireNumber } from '../numbers.ts'
import { unaryOrNull } from '../operands.ts'

export const operator = unaryOrNull('$abs', value => {
  requireNumber('$abs', value)
  switch (value.type) {
    case BsonType.double:
      return doubleValue(Math.abs(toDouble(value)))
    case BsonType.decimal128:
      return decimalResult({ ...decodeDecimal(value), negative: false })
    case BsonType.int32: {
      const int = Math.abs(toInt32(value))
      return int < 2 ** 31 ? int32Value(int) : int64Value(BigInt(int))
    }
    default: {
      const long = toInt64(value)
      if (long === -(2n ** 63n)) throw new CommandError('Location28680', "can't take $abs of long long min")
      return int64Value(long < 0n ? -long : long)
    }
  }
})
