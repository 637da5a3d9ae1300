/** `{ $pullAll: { path: [value, …] } }` takes the items out of an array that equal one of the values. */
import { CommandError } from '../../base/errors.ts'
import { equalValues } from '../../bson/compare.ts'
import { itemsOf } from '../../bson/reader.ts'
import { isArray, typeName } from '../../bson/value.ts'
import { cullItems } from '../culling.ts'
import type { UpdateOperator } from '../operator.ts'

export const operator: UpdateOperator = {
  name: '$pullAll',
  compile(_path, argument, { collation }) {
    if (!isArray(argument)) {
      const words = `$pullAll requires an array argument but was given a ${typeName(argument)}`
      throw new CommandError('BadValue', words)
    }
    const values = itemsOf(argument)
    return cullItems(item => values.some(value => equalValues(item, value, collation)))
  },
}
