/** $arrayElemAt: the item of an array at a position; a negative one counts from the end. Missing where there is none. */
import { CommandError } from '../../base/errors.ts'
import { show } from '../../bson/show.ts'
import { isNumber, typeName } from '../../bson/value.ts'
import { requireItems } from '../arrays.ts'
import { toExactInt32 } from '../numbers.ts'
import { binaryOrNull } from '../operands.ts'

export const operator = binaryOrNull('$arrayElemAt', (array, position) => {
  const items = requireItems(array, 'Location28689', "$arrayElemAt's first argument must be an array, but is")
  if (!isNumber(position)) {
    throw new CommandError(
      'Location28690',
      `$arrayElemAt's second argument must be a numeric value, but is ${typeName(position)}`,
    )
  }
  const index = toExactInt32(position)
  if (index === undefined) {
    throw new CommandError(
      'Location28691',
      `$arrayElemAt's second argument must be representable as a 32-bit integer: ${show(position)}`,
    )
  }
  return items.at(index)
})
