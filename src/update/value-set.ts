/** Values that are looked up by equality, in about the same time however many they are. */
import { compareValues } from '../bson/compare.ts'
import type { Collation } from '../bson/collation.ts'
import type { Value } from '../bson/value.ts'

// Up to here, comparing with each is quicker than finding the place to look.
const compareEachUpTo = 3

export class ValueSet {
  readonly #values: readonly Value[]
  readonly #collation: Collation | undefined
  /** Undefined until somebody looks, and where there are few. */
  #sorted: readonly Value[] | undefined

  constructor(values: readonly Value[], collation: Collation | undefined) {
    this.#values = values
    this.#collation = collation
  }

  /** Whether one of them equals `value`. */
  has(value: Value): boolean {
    if (this.#values.length <= compareEachUpTo) {
      return this.#values.some(other => compareValues(other, value, this.#collation) === 0)
    }
    this.#sorted ??= this.#values.toSorted((a, b) => compareValues(a, b, this.#collation))
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const order = compareValues(this.#sorted[middle], value, this.#collation)
      if (order === 0) return true
      if (order < 0) low = middle + 1
      else high = middle
    }
    return false
  }
}

/** The values without those that equal one before them, in their order. */
export function withoutRepeats(values: readonly Value[], collation: Collation | undefined): Value[] {
  // The sort is stable: of equals the first stands first.
  const sorted = [...values.keys()].sort((a, b) => compareValues(values[a], values[b], collation))
  const repeated = new Set<number>()
  for (const [place, index] of sorted.entries()) {
    const before = sorted[place - 1]
    if (before !== undefined && compareValues(values[before], values[index], collation) === 0) repeated.add(index)
  }
  return repeated.size === 0 ? [...values] : values.filter((_, index) => !repeated.has(index))
}
