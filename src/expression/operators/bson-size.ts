/** $bsonSize: how many bytes a document takes in BSON. */
import { CommandError } from '../../base/errors.ts'
import { int32Value } from '../../bson/encode.ts'
import { isDocument, typeName } from '../../bson/value.ts'
import { unaryOrNull } from '../operands.ts'

export const operator = unaryOrNull('$bsonSize', value => {
  if (isDocument(value)) return int32Value(value.end - value.start)
  throw new CommandError('Location31393', `$bsonSize requires a document input, found: ${typeName(value)}`)
})
