/** $concatArrays: the items of arrays, one array after the other. */
import { arrayValue, nullValue } from '../../bson/encode.ts'
import { type Value, isNullish } from '../../bson/value.ts'
import { requireItems, requireMemory } from '../arrays.ts'
import { variadic } from '../operands.ts'

export const operator = variadic('$concatArrays', values => {
  const items: Value[] = []
  let bytes = 0
  for (const value of values) {
    if (value === undefined || isNullish(value)) return nullValue
    requireMemory('$concatArrays', (bytes += value.end - value.start))
    for (const item of requireItems(value, 'Location28664', '$concatArrays only supports arrays, not')) items.push(item)
  }
  return arrayValue(items)
})
