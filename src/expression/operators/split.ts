/** $split: the parts of a text between separators. */
import { CommandError } from '../../base/errors.ts'
import { arrayValue, stringValue } from '../../bson/encode.ts'
import { isString, toText, typeName } from '../../bson/value.ts'
import { binaryOrNull } from '../operands.ts'

export const operator = binaryOrNull('$split', (text, separator) => {
  if (!isString(text)) {
    throw new CommandError(
      'Location40085',
      `$split requires an expression that evaluates to a string as a first argument, found: ${typeName(text)}`,
    )
  }
  if (!isString(separator)) {
    throw new CommandError(
      'Location40086',
      `$split requires an expression that evaluates to a string as a second argument, found: ${typeName(separator)}`,
    )
  }
  const between = toText(separator)
  if (between === '') throw new CommandError('Location40087', '$split requires a non-empty separator')
  return arrayValue(toText(text).split(between).map(stringValue))
})
