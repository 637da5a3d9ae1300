/** $eq: whether two values are equal in the order of all values. */
import { compareValues } from '../../bson/compare.ts'
import { boolValue } from '../../bson/encode.ts'
import { binary } from '../operands.ts'

export const operator = binary('$eq', (a, b, { collation }) => boolValue(compareValues(a, b, collation) === 0))
