/** $concat: strings one behind the other; null when one is null or missing. */
import { CommandError } from '../../base/errors.ts'
import { nullValue, stringValue } from '../../bson/encode.ts'
import { isNullish, isString, toText, typeName } from '../../bson/value.ts'
import { requireMemory } from '../arrays.ts'
import { variadic } from '../operands.ts'

export const operator = variadic('$concat', values => {
  let text = ''
  for (const value of values) {
    if (isNullish(value)) return nullValue
    if (!isString(value))
      throw new CommandError('Location16702', `$concat only supports strings, not ${typeName(value)}`)
    text += toText(value)
    requireMemory('$concat', text.length)
  }
  return stringValue(text)
})
