/** $setIsSubset: whether everything that is in one array is in another. */
import { boolValue } from '../../bson/encode.ts'
import { binary } from '../operands.ts'
import { ValueSet, requireSetOperand } from '../sets.ts'

export const operator = binary('$setIsSubset', (a, b, helpers) => {
  const items = requireSetOperand('$setIsSubset', a, 'First', 'Location17046')
  const all = new ValueSet(requireSetOperand('$setIsSubset', b, 'Second', 'Location17042'), helpers)
  return boolValue(items.every(item => all.has(item)))
})
