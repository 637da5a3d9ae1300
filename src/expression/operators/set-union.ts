/** $setUnion: what is in any of several arrays, in the order of all values, no value twice. */
import { arrayValue, nullValue } from '../../bson/encode.ts'
import { type Value, isNullish } from '../../bson/value.ts'
import { requireItems } from '../arrays.ts'
import { variadic } from '../operands.ts'
import { ValueSet } from '../sets.ts'

export const operator = variadic('$setUnion', (values, helpers) => {
  const items: Value[] = []
  for (const value of values) {
    if (isNullish(value)) return nullValue
    const words = 'All operands of $setUnion must be arrays. One argument is of type:'
    for (const item of requireItems(value, 'Location17043', words)) items.push(item)
  }
  return arrayValue(new ValueSet(items, helpers).items)
})
