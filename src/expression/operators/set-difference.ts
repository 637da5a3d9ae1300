/** $setDifference: what is in one array and not in another, in the order of the first, no value twice. */
import { arrayValue, nullValue } from '../../bson/encode.ts'
import { isNullish } from '../../bson/value.ts'
import { binary } from '../operands.ts'
import { ValueSet, requireSetOperand } from '../sets.ts'

export const operator = binary('$setDifference', (a, b, helpers) => {
  if (isNullish(a) || isNullish(b)) return nullValue
  const items = requireSetOperand('$setDifference', a, 'First', 'Location17048')
  const without = new ValueSet(requireSetOperand('$setDifference', b, 'Second', 'Location17049'), helpers)
  return arrayValue(without.missingOf(items))
})
