/** $binarySize: how many bytes a string (in UTF-8) or a binary has. */
import { CommandError } from '../../base/errors.ts'
import { readInt32 } from '../../bson/bytes.ts'
import { int32Value } from '../../bson/encode.ts'
import { BsonType, isString, typeName } from '../../bson/value.ts'
import { unaryOrNull } from '../operands.ts'

export const operator = unaryOrNull('$binarySize', value => {
  const size = readInt32(value.bytes, value.start)
  if (value.type === BsonType.binary) return int32Value(size)
  // A string's length counts the 00 behind it.
  if (isString(value)) return int32Value(size - 1)
  throw new CommandError(
    'Location51276',
    `$binarySize requires a string or BinData argument, found: ${typeName(value)}`,
  )
})
