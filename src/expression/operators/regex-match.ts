/** $regexMatch: whether a string has a match of a regular expression. */
import { boolValue, falseValue } from '../../bson/encode.ts'
import { regexOperator } from '../regex-operators.ts'

export const operator = regexOperator('$regexMatch', falseValue, (text, search) =>
  boolValue(search(text, 0) !== undefined),
)
