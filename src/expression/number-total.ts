/**
 * The sum of many numbers of all four types, as $sum and $avg need it: integers exactly, doubles with the rounding error of
 * each addition carried along.
 */
import { doubleValue, int32Value, int64Value } from '../bson/encode.ts'
import { addNumbers, divideNumbers } from '../bson/number.ts'
import { BsonType, ownedValue, toDouble, toInt32, toInt64 } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'

const int64Max = (1n << 63n) - 1n
const int64Min = -(1n << 63n)

/** An int32 where it is one, else an int64, else the nearest double. */
export function integerValue(integer: bigint): Value {
  if (BigInt.asIntN(32, integer) === integer) return int32Value(Number(integer))
  return integer >= int64Min && integer <= int64Max ? int64Value(integer) : doubleValue(Number(integer))
}

export class NumberTotal {
  #count = 0
  #sawInt64 = false
  #sawDouble = false
  #large = 0n
  /** Int32s are summed here, and handed over to `#large` before the sum could lose a digit. */
  #small = 0
  /** The doubles' sum is `#sum + #error`; `#plain` is without correction, for when infinities make that meaningless. */
  #sum = 0
  #error = 0
  #plain = 0
  #decimals: Value | undefined

  /** How many numbers were added. */
  get count(): number {
    return this.#count
  }

  /** `value` is a number. */
  add(value: Value): void {
    this.#count++
    switch (value.type) {
      case BsonType.int32:
        this.#small += toInt32(value)
        if (Math.abs(this.#small) > Number.MAX_SAFE_INTEGER - 2 ** 32) this.#carry()
        return
      case BsonType.int64:
        this.#sawInt64 = true
        this.#large += toInt64(value)
        return
      case BsonType.double:
        this.#sawDouble = true
        this.#addDouble(toDouble(value))
        return
      default:
        this.#decimals = this.#decimals === undefined ? ownedValue(value) : addNumbers(this.#decimals, value)
    }
  }

  #carry(): void {
    this.#large += BigInt(this.#small)
    this.#small = 0
  }

  /** Knuth's two-sum: what an addition rounds away is itself a double, and is collected. */
  #addDouble(value: number): void {
    this.#plain += value
    const sum = this.#sum + value
    const rounded = sum - this.#sum
    this.#error += this.#sum - (sum - rounded) + (value - rounded)
    this.#sum = sum
  }

  /** The sum, in the widest type that was added; integers too large for an int64 give a double. An int32 0 of no numbers. */
  sum(): Value {
    this.#carry()
    if (this.#decimals !== undefined) return this.#withDecimals(this.#decimals)
    if (this.#sawDouble) return doubleValue(this.#asDouble())
    const fits = this.#large >= int64Min && this.#large <= int64Max
    return this.#sawInt64 && fits ? int64Value(this.#large) : integerValue(this.#large)
  }

  /** A double, or a decimal if there was one; undefined of no numbers. */
  average(): Value | undefined {
    if (this.#count === 0) return undefined
    this.#carry()
    if (this.#decimals !== undefined) {
      return divideNumbers(this.#withDecimals(this.#decimals), integerValue(BigInt(this.#count)))
    }
    return doubleValue(this.#asDouble() / this.#count)
  }

  #withDecimals(decimals: Value): Value {
    const withIntegers = this.#large === 0n ? decimals : addNumbers(decimals, integerValue(this.#large))
    return this.#sawDouble ? addNumbers(withIntegers, doubleValue(this.#doubles())) : withIntegers
  }

  #doubles(): number {
    const sum = this.#sum + this.#error
    return Number.isFinite(sum) ? sum : this.#plain
  }

  /** Integers and doubles together. */
  #asDouble(): number {
    if (!this.#sawDouble) return Number(this.#large)
    const high = Number(this.#large)
    this.#addDouble(high)
    if (Number.isFinite(high)) this.#addDouble(Number(this.#large - BigInt(high)))
    this.#large = 0n
    return this.#doubles()
  }
}
