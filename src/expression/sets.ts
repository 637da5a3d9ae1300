/** Arrays as sets: no value twice, in the order of all values. Of equal ones (1 and 1.0) the one that came first stays. */
import { type CodeName, CommandError } from '../base/errors.ts'
import { itemsOf } from '../bson/reader.ts'
import { type Value, isArray, typeName } from '../bson/value.ts'
import { type Compare, comparison } from './comparison.ts'
import type { CompareHelpers } from './operator.ts'

export class ValueSet {
  readonly #helpers: CompareHelpers
  readonly #compare: Compare
  /** Ascending. */
  readonly items: readonly Value[]

  constructor(values: readonly Value[], helpers: CompareHelpers) {
    this.#helpers = helpers
    this.#compare = comparison(helpers, values.length)
    this.items = values
      .toSorted(this.#compare)
      .filter((value, index, sorted) => index === 0 || this.#compare(value, sorted[index - 1]) !== 0)
  }

  has(value: Value | undefined): boolean {
    let low = 0
    let high = this.items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const order = this.#compare(value, this.items[middle])
      if (order === 0) return true
      if (order < 0) high = middle
      else low = middle + 1
    }
    return false
  }

  /** What is in both; of equal values, that of the smaller set, or of this one. */
  intersection(other: ValueSet): ValueSet {
    const [small, large] = this.items.length > other.items.length ? [other, this] : [this, other]
    return new ValueSet(
      small.items.filter(item => large.has(item)),
      this.#helpers,
    )
  }

  /** Those of `values` that are not in this set, each once, in their order. */
  missingOf(values: readonly Value[]): Value[] {
    const firsts = new Set(new ValueSet(values, this.#helpers).items)
    return values.filter(value => firsts.has(value) && !this.has(value))
  }

  equals(other: ValueSet): boolean {
    return this.items.length === other.items.length && this.items.every(item => other.has(item))
  }
}

/** The items of one of two operands. @throws CommandError `code` for what is no array. */
export function requireSetOperand(name: string, value: Value | undefined, which: 'First' | 'Second', code: CodeName) {
  if (isArray(value)) return itemsOf(value)
  throw new CommandError(
    code,
    `both operands of ${name} must be arrays. ${which} argument is of type: ${typeName(value)}`,
  )
}
