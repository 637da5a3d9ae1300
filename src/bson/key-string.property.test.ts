import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { arbitraryNumber, arbitraryValue } from './arbitrary.suite.ts'
import { compareValues } from './compare.ts'
import { decodeKeyString, encodeIndexKey, encodeKeyString } from './key-string.ts'
import { show } from './show.ts'
import { typeName } from './value.ts'
import type { Value } from './value.ts'

const valueBytes = (value: Value) => Buffer.from(value.bytes.subarray(value.start, value.end))
const described = (value: Value) => `${typeName(value)} ${valueBytes(value).toString('hex')}`

test('the order of KeyStrings is the order of values', () => {
  const claim = (a: Value, b: Value) => {
    const order = Buffer.compare(encodeKeyString([a]).bytes, encodeKeyString([b]).bytes)
    expect(order, `${show(a)} against ${show(b)}`).toBe(Math.sign(compareValues(a, b)))
  }
  fc.assert(fc.property(arbitraryValue, arbitraryValue, claim), { numRuns: 3000 })
  fc.assert(fc.property(arbitraryNumber, arbitraryNumber, claim), { numRuns: 5000 })
})

test('a number and its neighbours keep their order', () => {
  fc.assert(
    fc.property(fc.array(arbitraryNumber, { minLength: 5, maxLength: 20 }), numbers => {
      const keyed = numbers.map(value => ({ value, key: encodeKeyString([value]).bytes }))
      keyed.sort((a, b) => Buffer.compare(a.key, b.key))
      for (const [index, { value }] of keyed.entries()) {
        const next = keyed[index + 1]
        if (next !== undefined) expect(compareValues(value, next.value)).toBeLessThanOrEqual(0)
      }
    }),
    { numRuns: 300 },
  )
})

test('decode(encode(values)) gives the values with their types, bit for bit', () => {
  fc.assert(
    fc.property(fc.array(arbitraryValue, { maxLength: 3 }), values => {
      const { bytes, typeBits } = encodeKeyString(values)
      // A NaN may have come with bits of its own; it is read back as the one that is written here.
      if (values.some(value => show(value).includes('nan'))) return
      expect(decodeKeyString(bytes, typeBits).map(described)).toEqual(values.map(described))
    }),
    { numRuns: 3000 },
  )
  fc.assert(
    fc.property(arbitraryNumber, value => {
      const { bytes, typeBits } = encodeKeyString([value])
      expect(decodeKeyString(bytes, typeBits).map(show)).toEqual([show(value)])
      expect(decodeKeyString(bytes, typeBits).map(typeName)).toEqual([typeName(value)])
    }),
    { numRuns: 3000 },
  )
})

test('index keys order by each field in its direction', () => {
  const direction = fc.constantFrom(1 as const, -1 as const)
  fc.assert(
    fc.property(
      fc.tuple(arbitraryValue, arbitraryValue),
      fc.tuple(arbitraryValue, arbitraryValue),
      fc.tuple(direction, direction),
      (a, b, directions) => {
        const order = Buffer.compare(encodeIndexKey(a, directions), encodeIndexKey(b, directions))
        const expected = directions[0] * compareValues(a[0], b[0]) || directions[1] * compareValues(a[1], b[1])
        expect(order).toBe(Math.sign(expected) + 0)
      },
    ),
    { numRuns: 3000 },
  )
})

test('an index key begins with that of another value only if the values are equal', () => {
  const claim = (a: Value, b: Value) => {
    const left = Buffer.from(encodeIndexKey([a], [1]))
    const right = Buffer.from(encodeIndexKey([b], [1]))
    const isPrefix = right.subarray(0, left.length).equals(left)
    expect(isPrefix, `${show(a)} and ${show(b)}`).toBe(compareValues(a, b) === 0)
  }
  fc.assert(fc.property(arbitraryValue, arbitraryValue, claim), { numRuns: 3000 })
  fc.assert(fc.property(arbitraryNumber, arbitraryNumber, claim), { numRuns: 3000 })
})

test('whatever bytes come, decoding gives values or a refusal', () => {
  const mutated = fc
    .tuple(fc.array(arbitraryValue, { maxLength: 3 }), fc.nat(), fc.nat(255))
    .map(([values, place, byte]) => {
      const { bytes, typeBits } = encodeKeyString(values)
      const copy = Buffer.from(bytes)
      copy[place % copy.length] = byte
      return { bytes: copy, typeBits }
    })
  const random = fc.record({ bytes: fc.uint8Array({ maxLength: 40 }), typeBits: fc.uint8Array({ maxLength: 6 }) })
  fc.assert(
    fc.property(fc.oneof(mutated, random), ({ bytes, typeBits }) => {
      try {
        decodeKeyString(bytes, typeBits)
      } catch (error) {
        expect(error).toMatchObject({ name: 'CommandError' })
      }
    }),
    { numRuns: 5000 },
  )
})
