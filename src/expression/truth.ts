/** What counts as true. */
import { compareValues } from '../bson/compare.ts'
import { int32Value } from '../bson/encode.ts'
import { BsonType, type Value, toBool, toDouble, toInt32, toInt64 } from '../bson/value.ts'

const zero = int32Value(0)

/** Everything but false, the numbers that are zero, null and what is missing. NaN is true. */
export function isTrue(value: Value | undefined): boolean {
  if (value === undefined) return false
  switch (value.type) {
    case BsonType.bool:
      return toBool(value)
    case BsonType.int32:
      return toInt32(value) !== 0
    case BsonType.double:
      return toDouble(value) !== 0
    case BsonType.int64:
      return toInt64(value) !== 0n
    case BsonType.decimal128:
      return compareValues(value, zero) !== 0
    default:
      return value.type !== BsonType.null && value.type !== BsonType.undefined
  }
}
