/** `{ $addToSet: expression }` is an array of the different values, in the order in which they were first seen. */
import { arrayValue } from '../../bson/encode.ts'
import type { Value } from '../../bson/value.ts'
import { ofExpression } from '../accumulator.ts'
import { ValueKeys } from '../value-keys.ts'

export const accumulator = ofExpression('$addToSet', (memory, { collation }) => {
  const keys = new ValueKeys(collation, memory)
  const items = new Map<string, Value>()
  return {
    add(input) {
      if (input === undefined) return
      const key = keys.keyOf(input)
      if (items.has(key)) return
      memory.take(key.length)
      items.set(key, memory.keep(input))
    },
    result: () => arrayValue([...items.values()]),
  }
})
