/** $toUpper: a text with its ASCII letters capital. */
import { stringValue } from '../../bson/encode.ts'
import { unary } from '../operands.ts'
import { asciiUpper, coerceToText } from '../strings.ts'

export const operator = unary('$toUpper', value => stringValue(asciiUpper(coerceToText(value))))
