/** $toLower: a text with its ASCII letters small. */
import { stringValue } from '../../bson/encode.ts'
import { unary } from '../operands.ts'
import { asciiLower, coerceToText } from '../strings.ts'

export const operator = unary('$toLower', value => stringValue(asciiLower(coerceToText(value))))
