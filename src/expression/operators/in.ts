/** $in: whether a value is equal to an item of an array. */
import { CommandError } from '../../base/errors.ts'
import { boolValue } from '../../bson/encode.ts'
import { isArray, typeName } from '../../bson/value.ts'
import { isAmong } from '../lookup.ts'
import { binary } from '../operands.ts'

export const operator = binary('$in', (value, array, helpers) => {
  if (isArray(array)) return boolValue(isAmong(value, array, helpers))
  throw new CommandError('Location40081', `$in requires an array as a second argument, found: ${typeName(array)}`)
})
