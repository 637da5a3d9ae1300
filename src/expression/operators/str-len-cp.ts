/** $strLenCP: how many code points a string has. */
import { CommandError } from '../../base/errors.ts'
import { int32Value } from '../../bson/encode.ts'
import { isString, toText, typeName } from '../../bson/value.ts'
import { unary } from '../operands.ts'
import { codePointCount } from '../strings.ts'

export const operator = unary('$strLenCP', value => {
  if (isString(value)) return int32Value(codePointCount(toText(value)))
  throw new CommandError('Location34471', `$strLenCP requires a string argument, found: ${typeName(value)}`)
})
