/** $regexFindAll: every match of a regular expression, as $regexFind gives one. */
import { arrayValue } from '../../bson/encode.ts'
import { allMatches, regexOperator } from '../regex-operators.ts'

export const operator = regexOperator('$regexFindAll', arrayValue([]), allMatches)
