/** $anyElementTrue: whether an item of an array is true. */
import { boolValue } from '../../bson/encode.ts'
import { requireItems } from '../arrays.ts'
import { unary } from '../operands.ts'
import { isTrue } from '../truth.ts'

export const operator = unary('$anyElementTrue', array => {
  const items = requireItems(array, 'Location17041', "$anyElementTrue's argument must be an array, but is")
  return boolValue(items.some(isTrue))
})
