/** `{ $avg: expression }` is the average of the numbers; null when there are none. */
import { isNumber } from '../../bson/value.ts'
import { ofExpression } from '../accumulator.ts'
import { NumberTotal } from '../../expression/number-total.ts'

export const accumulator = ofExpression('$avg', () => {
  const total = new NumberTotal()
  return {
    add(input) {
      if (isNumber(input)) total.add(input)
    },
    result: () => total.average(),
  }
})
