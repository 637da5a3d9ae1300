/** Whether a value equals one of a list, in about the same time however long the list is. */
import { readFloat64, readInt32 } from '../bson/bytes.ts'
import type { Collation } from '../bson/collation.ts'
import { compareValues } from '../bson/compare.ts'
import { isNaNValue } from '../bson/number.ts'
import { BsonType, Value, isNumber } from '../bson/value.ts'
import { compileComparison, equal, exactDouble, isExactInt64, readExactInt64 } from './comparison.ts'
import { type ValueTest, missingType } from './operator.ts'

// Up to here, comparing with each is quicker than finding the place to look.
const compareEachUpTo = 3

/**
 * A null in the list is also met by a missing value. @throws CommandError BadValue for the deprecated type undefined.
 */
export function compileMembership(values: readonly Value[], collation: Collation | undefined): ValueTest {
  const tests = values.map(value => compileComparison(equal, value, collation))
  const [first] = tests
  if (first === undefined) return () => false
  if (tests.length === 1) return first
  if (tests.length <= compareEachUpTo) {
    return (type, bytes, start, end) => {
      for (const test of tests) if (test(type, bytes, start, end)) return true
      return false
    }
  }
  return compileLookup(values, collation)
}

function compileLookup(values: readonly Value[], collation: Collation | undefined): ValueTest {
  const sorted = values.toSorted((a, b) => compareValues(a, b, collation))
  const doubles = new Set(values.filter(isNumber).flatMap(value => exactDoubles(value)))
  const texts = new ByteSet(values.filter(({ type }) => type === BsonType.string || type === BsonType.symbol))
  const ids = new ByteSet(values.filter(({ type }) => type === BsonType.objectId))
  const hasNull = values.some(({ type }) => type === BsonType.null)

  return (type, bytes, start, end) => {
    switch (type) {
      case missingType:
        return hasNull
      case BsonType.objectId:
        return ids.has(bytes, start, end)
      case BsonType.int32:
        return doubles.has(readInt32(bytes, start))
      case BsonType.double:
        return doubles.has(readFloat64(bytes, start))
      case BsonType.int64:
        if (isExactInt64(bytes, start)) return doubles.has(readExactInt64(bytes, start))
        break
      case BsonType.string:
      case BsonType.symbol:
        if (collation === undefined) return texts.has(bytes, start, end)
    }
    return isAmongSorted(sorted, new Value(type, bytes, start, end), collation)
  }
}

const exactDoubles = (value: Value): number[] => {
  if (isNaNValue(value)) return [NaN]
  const double = exactDouble(value)
  return double === undefined ? [] : [double]
}

function isAmongSorted(sorted: readonly Value[], value: Value, collation: Collation | undefined): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compareValues(sorted[middle], value, collation)
    if (order === 0) return true
    if (order < 0) low = middle + 1
    else high = middle
  }
  return false
}

/** Values of one type that are equal where their bytes are. */
class ByteSet {
  readonly #byHash = new Map<number, Value[]>()

  constructor(values: readonly Value[]) {
    for (const value of values) {
      const hash = hashOf(value.bytes, value.start, value.end)
      const same = this.#byHash.get(hash)
      if (same) same.push(value)
      else this.#byHash.set(hash, [value])
    }
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    const candidates = this.#byHash.get(hashOf(bytes, start, end))
    return candidates !== undefined && candidates.some(value => isSame(value, bytes, start, end))
  }
}

/** FNV-1a, in the range of small integers. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x11c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x1000193)
  return hash >> 2
}

function isSame(value: Value, bytes: Uint8Array, start: number, end: number): boolean {
  const offset = value.start - start
  if (value.end - offset !== end) return false
  for (let at = start; at < end; at++) if (value.bytes[at + offset] !== bytes[at]) return false
  return true
}
