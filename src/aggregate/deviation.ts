/** $stdDevPop and $stdDevSamp. */
import { doubleValue } from '../bson/encode.ts'
import { toNearestDouble } from '../bson/number.ts'
import { isNumber } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import { ofExpression } from './accumulator.ts'
import type { Accumulation, Accumulator } from './accumulator.ts'

/** `spare` is what the divisor is smaller than the count: 0 of a whole population, 1 of a sample. */
export function deviationAccumulator(name: string, spare: 0 | 1): Accumulator {
  return ofExpression(name, () => new Deviation(spare))
}

/** Welford's method: one pass, and no difference of two large sums. What is no number does not count. */
class Deviation implements Accumulation {
  readonly #spare: number
  #count = 0
  #mean = 0
  /** The sum of the squares of the distances from the mean. */
  #squares = 0

  constructor(spare: number) {
    this.#spare = spare
  }

  add(input: Value | undefined): void {
    if (!isNumber(input)) return
    const number = toNearestDouble(input)
    const distance = number - this.#mean
    this.#count++
    this.#mean += distance / this.#count
    this.#squares += distance * (number - this.#mean)
  }

  result(): Value | undefined {
    const divisor = this.#count - this.#spare
    return divisor > 0 ? doubleValue(Math.sqrt(this.#squares / divisor)) : undefined
  }
}
