/** `{ $last: expression }` is the value of the group's last document, missing or not. */
import { ofExpression } from '../accumulator.ts'
import { KeptValue } from '../kept-value.ts'

export const accumulator = ofExpression('$last', memory => {
  const kept = new KeptValue(memory)
  return {
    add: input => kept.set(input),
    result: () => kept.value,
  }
})
