/** $setIntersection: what is in every one of several arrays, in the order of all values, no value twice. */
import { arrayValue, nullValue } from '../../bson/encode.ts'
import { isNullish } from '../../bson/value.ts'
import { requireItems } from '../arrays.ts'
import { variadic } from '../operands.ts'
import { ValueSet } from '../sets.ts'

export const operator = variadic('$setIntersection', (values, helpers) => {
  let common: ValueSet | undefined
  for (const value of values) {
    if (isNullish(value)) return nullValue
    const words = 'All operands of $setIntersection must be arrays. One argument is of type:'
    const set = new ValueSet(requireItems(value, 'Location17047', words), helpers)
    common = common === undefined ? set : common.intersection(set)
  }
  return arrayValue(common?.items ?? [])
})
