/** `{ $push: expression }` is an array of all values that are there, in the order of the documents. */
import { arrayValue } from '../../bson/encode.ts'
import type { Value } from '../../bson/value.ts'
import { ofExpression } from '../accumulator.ts'

export const accumulator = ofExpression('$push', memory => {
  const items: Value[] = []
  return {
    add(input) {
      if (input !== undefined) items.push(memory.keep(input))
    },
    result: () => arrayValue(items),
  }
})
