/** `{ $lastN: { input, n } }` is an array of the values of the group's last documents; missing ones are null. */
import { arrayValue, nullValue } from '../../bson/encode.ts'
import type { Value } from '../../bson/value.ts'
import { countedAccumulator } from '../counted-accumulator.ts'

export const accumulator = countedAccumulator('$lastN', 'Location5787801', ({ countMax, memory }) => {
  /** A ring: once it is full, `next` is the oldest, and the place of the newest to come. */
  const items: Value[] = []
  let next = 0
  return {
    add(input = nullValue) {
      const oldest = items[next]
      if (oldest !== undefined) memory.drop(oldest)
      items[next] = memory.keep(input)
      next = next + 1 === countMax ? 0 : next + 1
    },
    result: () => arrayValue([...items.slice(next), ...items.slice(0, next)]),
  }
})
