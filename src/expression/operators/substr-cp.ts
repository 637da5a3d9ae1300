/** $substrCP: a part of a text, from one code point on and so many code points long. */
import { type CodeName, CommandError } from '../../base/errors.ts'
import { stringValue } from '../../bson/encode.ts'
import { show } from '../../bson/show.ts'
import { type Value, isNumber, typeName } from '../../bson/value.ts'
import { toExactInt32 } from '../numbers.ts'
import { variadic } from '../operands.ts'
import { coerceToText, unitIndexOf } from '../strings.ts'

export const operator = variadic(
  '$substrCP',
  ([value, startValue, lengthValue]) => {
    const text = coerceToText(value)
    const start = requireInt(startValue, 'starting index', ['Location34450', 'Location34451'])
    const length = requireInt(lengthValue, 'length', ['Location34452', 'Location34453'])
    if (length < 0) throw new CommandError('Location34454', '$substrCP: length must be a nonnegative integer.')
    if (start < 0) throw new CommandError('Location34455', '$substrCP: the starting index must be nonnegative integer.')
    const rest = text.slice(unitIndexOf(text, start))
    return stringValue(rest.slice(0, unitIndexOf(rest, length)))
  },
  { min: 3, max: 3 },
)

function requireInt(value: Value | undefined, what: string, [noNumber, noInt]: readonly [CodeName, CodeName]): number {
  if (!isNumber(value)) {
    throw new CommandError(noNumber, `$substrCP: ${what} must be a numeric type (is BSON type ${typeName(value)})`)
  }
  const int = toExactInt32(value)
  if (int !== undefined) return int
  throw new CommandError(noInt, `$substrCP: ${what} cannot be represented as a 32-bit integral value: ${show(value)}`)
}
