import { test } from 'vitest'
import * as fc from 'fast-check'
import { arbitraryNumber, arbitraryValue } from './arbitrary.suite.ts'
import { compareValues, equalValues } from './compare.ts'
import { decodeDecimal } from './decimal.ts'
import { BsonType, toDouble, toInt32, toInt64 } from './value.ts'
import type { Value } from './value.ts'

const maybeValue = fc.option(arbitraryValue, { nil: undefined, freq: 20 })
const sign = (a: Value | undefined, b: Value | undefined) => Math.sign(compareValues(a, b))

test('compareValues is a total order: reflexive, antisymmetric, transitive', () => {
  fc.assert(
    fc.property(maybeValue, maybeValue, maybeValue, (a, b, c) => {
      if (sign(a, a) !== 0) return false
      if (sign(a, b) !== -sign(b, a)) return false
      if (sign(a, b) <= 0 && sign(b, c) <= 0) return sign(a, c) <= 0
      return !(sign(a, b) >= 0 && sign(b, c) >= 0) || sign(a, c) >= 0
    }),
    { numRuns: 3000 },
  )
})

test('equalValues is compareValues giving zero', () => {
  fc.assert(
    fc.property(maybeValue, maybeValue, (a, b) => equalValues(a, b) === (sign(a, b) === 0) && equalValues(a, a)),
    { numRuns: 2000 },
  )
})

test('numbers compare as the fractions they are', () => {
  fc.assert(
    fc.property(arbitraryNumber, arbitraryNumber, (a, b) => {
      const left = fraction(a)
      const right = fraction(b)
      if (left === undefined || right === undefined) return true
      const difference = left.over * right.under - right.over * left.under
      return sign(a, b) === (difference < 0n ? -1 : difference > 0n ? 1 : 0)
    }),
    { numRuns: 2000 },
  )
})

/** A finite number exactly as over / under. */
function fraction(value: Value): { over: bigint; under: bigint } | undefined {
  switch (value.type) {
    case BsonType.int32:
      return { over: BigInt(toInt32(value)), under: 1n }
    case BsonType.int64:
      return { over: toInt64(value), under: 1n }
    case BsonType.double: {
      const double = toDouble(value)
      if (!Number.isFinite(double)) return undefined
      // By halves: every finite double has at most 1074 of them.
      let under = 1n
      let rest = double
      while (!Number.isInteger(rest)) {
        rest *= 2
        under *= 2n
      }
      return { over: BigInt(rest), under }
    }
    default: {
      const { kind, negative, coefficient, exponent } = decodeDecimal(value)
      if (kind !== 'finite') return undefined
      const signed = negative ? -coefficient : coefficient
      if (exponent >= 0) return { over: signed * 10n ** BigInt(exponent), under: 1n }
      return { over: signed, under: 10n ** BigInt(-exponent) }
    }
  }
}
