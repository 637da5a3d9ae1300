/** `{ $firstN: { input, n } }` is an array of the values of the group's first documents; missing ones are null. */
import { arrayValue, nullValue } from '../../bson/encode.ts'
import type { Value } from '../../bson/value.ts'
import { countedAccumulator } from '../counted-accumulator.ts'

export const accumulator = countedAccumulator('$firstN', 'Location5787801', ({ countMax, memory }) => {
  const items: Value[] = []
  return {
    add(input = nullValue) {
      if (items.length < countMax) items.push(memory.keep(input))
    },
    result: () => arrayValue(items),
  }
})
