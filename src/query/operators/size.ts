/** `{ path: { $size: 2 } }`: an array of exactly so many items. */
import { elementCount } from '../../bson/reader.ts'
import { BsonType, Value } from '../../bson/value.ts'
import { int32Max, requireInteger } from '../integer.ts'
import type { FieldOperator } from '../operator.ts'

export const operator: FieldOperator = {
  name: '$size',
  of: 'field',
  compile(argument) {
    const rules = {
      name: '$size',
      codeName: 'BadValue',
      before: 'Failed to parse $size. ',
      min: 0n,
      max: int32Max,
    } as const
    const size = Number(requireInteger(argument, rules))
    return {
      kind: 'value',
      arrays: 'whole',
      test: (type, bytes, start, end) =>
        type === BsonType.array && elementCount(new Value(type, bytes, start, end)) === size,
    }
  },
}
