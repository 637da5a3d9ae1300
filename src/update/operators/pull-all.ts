/** `{ $pullAll: { path: [value, …] } }` takes the items out of an array that equal one of the values. */
import { CommandError } from '../../base/errors.ts'
import { itemsOf } from '../../bson/reader.ts'
import { isArray, typeName } from '../../bson/value.ts'
import { cullItems } from '../culling.ts'
import { ValueSet } from '../value-set.ts'
import type { UpdateOperator } from '../operator.ts'

export const operator: UpdateOperator = {
  name: '$pullAll',
  compile(_path, argument, { collation }) {
    if (!isArray(argument)) {
      const words = `$pullAll requires an array argument but was given a ${typeName(argument)}`
      throw new CommandError('BadValue', words)
    }
    const values = new ValueSet(itemsOf(argument), collation)
    return cullItems(item => values.has(item))
  },
}
