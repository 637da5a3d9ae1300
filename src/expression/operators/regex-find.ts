/** $regexFind: the first match of a regular expression: `{ match, idx, captures }`, or null. */
import { nullValue } from '../../bson/encode.ts'
import { matchDocument, regexOperator } from '../regex-operators.ts'
import { codePointCount } from '../strings.ts'

export const operator = regexOperator('$regexFind', nullValue, (text, search) => {
  const match = search(text, 0)
  return match === undefined ? nullValue : matchDocument(text, match, codePointCount(text.slice(0, match.start)))
})
