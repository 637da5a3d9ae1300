/** $allElementsTrue: whether every item of an array is true. */
import { boolValue } from '../../bson/encode.ts'
import { requireItems } from '../arrays.ts'
import { unary } from '../operands.ts'
import { isTrue } from '../truth.ts'

export const operator = unary('$allElementsTrue', array => {
  const items = requireItems(array, 'Location17040', "$allElementsTrue's argument must be an array, but is")
  return boolValue(items.every(isTrue))
})
