/** $strLenBytes: how many bytes a string has in UTF-8. */
import { CommandError } from '../../base/errors.ts'
import { int32Value } from '../../bson/encode.ts'
import { isString, typeName } from '../../bson/value.ts'
import { unary } from '../operands.ts'
import { utf8Of } from '../strings.ts'

export const operator = unary('$strLenBytes', value => {
  if (isString(value)) return int32Value(utf8Of(value).length)
  throw new CommandError('Location34473', `$strLenBytes requires a string argument, found: ${typeName(value)}`)
})
