/** $in: whether a value is equal to an item of an array. */
import { equalValues } from '../../bson/compare.ts'
import { boolValue } from '../../bson/encode.ts'
import { requireItems } from '../arrays.ts'
import { binary } from '../operands.ts'

export const operator = binary('$in', (value, array, collation) => {
  const items = requireItems(array, 'Location40081', '$in requires an array as a second argument, found:')
  return boolValue(items.some(item => equalValues(item, value, collation)))
})
