/** $tsIncrement: the increment of a timestamp, a long. */
import { CommandError } from '../../base/errors.ts'
import { int64Value } from '../../bson/encode.ts'
import { BsonType, toTimestampParts, typeName } from '../../bson/value.ts'
import { unaryOrNull } from '../operands.ts'

export const operator = unaryOrNull('$tsIncrement', value => {
  if (value.type === BsonType.timestamp) return int64Value(BigInt(toTimestampParts(value).increment))
  // The space in front is the server's.
  throw new CommandError('Location5687302', ` Argument to $tsIncrement must be a timestamp, but is ${typeName(value)}`)
})
