/** One value that an accumulator holds on to: $first, $last, $min, $max. */
import { compareValues } from '../bson/compare.ts'
import { isNullish } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import { ofExpression } from './accumulator.ts'
import type { Accumulator } from './accumulator.ts'
import type { MemoryBudget } from './memory-budget.ts'

/** At most one value, which outlives the buffer it came in. */
export class KeptValue {
  readonly #memory: MemoryBudget
  #value: Value | undefined

  constructor(memory: MemoryBudget) {
    this.#memory = memory
  }

  get value(): Value | undefined {
    return this.#value
  }

  /** Holds a copy of `value` in the place of what was held. */
  set(value: Value | undefined): void {
    if (this.#value !== undefined) this.#memory.drop(this.#value)
    this.#value = value === undefined ? undefined : this.#memory.keep(value)
  }
}

/** The smallest (`end` is 'first') or greatest value ('last'). Null and missing do not count; the first of equals stays. */
export function extremeAccumulator(name: string, end: 'first' | 'last'): Accumulator {
  const sense = end === 'first' ? 1 : -1
  return ofExpression(name, (memory, { collation }) => {
    const kept = new KeptValue(memory)
    return {
      add(input) {
        if (input === undefined || isNullish(input)) return
        if (kept.value === undefined || compareValues(input, kept.value, collation) * sense < 0) kept.set(input)
      },
      result: () => kept.value,
    }
  })
}
