/** $cmp: -1, 0 or 1: where the first value stands in the order of all values, seen from the second. */
import { compareValues } from '../../bson/compare.ts'
import { int32Value } from '../../bson/encode.ts'
import { binary } from '../operands.ts'

export const operator = binary('$cmp', (a, b, { collation }) => int32Value(Math.sign(compareValues(a, b, collation))))
