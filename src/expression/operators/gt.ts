/** $gt: whether the first value comes after the second in the order of all values. */
import { compareValues } from '../../bson/compare.ts'
import { boolValue } from '../../bson/encode.ts'
import { binary } from '../operands.ts'

export const operator = binary('$gt', (a, b, { collation }) => boolValue(compareValues(a, b, collation) > 0))
