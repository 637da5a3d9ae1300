/** $atan2: the angle in radians of the point whose y comes first and whose x comes second. */
import { doubleValue } from '../../bson/encode.ts'
import { toDecimal, toNearestDouble } from '../../bson/number.ts'
import { BsonType } from '../../bson/value.ts'
import { decimalAtan2 } from '../decimal-functions.ts'
import { decimalResult, requireNumber } from '../numbers.ts'
import { binaryOrNull } from '../operands.ts'

export const operator = binaryOrNull('$atan2', (y, x) => {
  requireNumber('$atan2', y, 'Location51044')
  requireNumber('$atan2', x, 'Location51045')
  return y.type === BsonType.decimal128 || x.type === BsonType.decimal128
    ? decimalResult(decimalAtan2(toDecimal(y), toDecimal(x)))
    : doubleValue(Math.atan2(toNearestDouble(y), toNearestDouble(x)))
})
