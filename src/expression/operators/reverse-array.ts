/** $reverseArray: an array's items, the last one first. */
import { arrayValue } from '../../bson/encode.ts'
import { requireItems } from '../arrays.ts'
import { unaryOrNull } from '../operands.ts'

export const operator = unaryOrNull('$reverseArray', array =>
  arrayValue(
    requireItems(
      array,
      'Location34435',
      'The argument to $reverseArray must be an array, but was of type:',
    ).toReversed(),
  ),
)
