/** `{ $first: expression }` is the value of the group's first document, missing or not. */
import { ofExpression } from '../accumulator.ts'
import { KeptValue } from '../kept-value.ts'

export const accumulator = ofExpression('$first', memory => {
  const kept = new KeptValue(memory)
  let isFirst = true
  return {
    add(input) {
      if (isFirst) kept.set(input)
      isFirst = false
    },
    result: () => kept.value,
  }
})
