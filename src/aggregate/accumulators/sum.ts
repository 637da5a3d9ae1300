/** `{ $sum: expression }` adds up the numbers; 0 when there are none. */
import { isNumber } from '../../bson/value.ts'
import { ofExpression } from '../accumulator.ts'
import { NumberTotal } from '../../expression/number-total.ts'

export const accumulator = ofExpression('$sum', () => {
  const total = new NumberTotal()
  return {
    add(input) {
      if (isNumber(input)) total.add(input)
    },
    result: () => total.sum(),
  }
})
