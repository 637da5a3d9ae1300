/** Laws of sets of code points. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyCodePoint, codePointMax, complement, findProperty, union, withAllCases } from './code-points.ts'

const run = fc
  .tuple(fc.integer({ min: 0, max: codePointMax }), fc.integer({ min: 0, max: 500 }))
  .map(([first, more]): [number, number] => [first, Math.min(codePointMax, first + more)])
const set = fc.array(run, { maxLength: 8 }).map(runs => union(runs))

test('what is not in what is not in a set is the set, and both together are everything', () => {
  fc.assert(
    fc.property(set, members => {
      expect(complement(complement(members))).toEqual(members)
      expect(union(members, complement(members))).toEqual(anyCodePoint)
    }),
  )
})

test('a letter has the cases that it has for Unicode', () => {
  const letter = fc
    .oneof(
      fc.integer({ min: 0x41, max: 0x24f }),
      fc.integer({ min: 0x370, max: 0x58f }),
      fc.integer({ min: 0x1e00, max: 0x1fff }),
    )
    .map(point => String.fromCodePoint(point))
  fc.assert(
    fc.property(letter, letter, (a, b) => {
      const point = a.codePointAt(0) as number
      const other = b.codePointAt(0) as number
      const cases = withAllCases([[point, point]])
      const has = cases.some(([first, last]) => other >= first && other <= last)
      expect(has).toBe(new RegExp(`^\\u{${point.toString(16)}}$`, 'iu').test(b))
      expect(withAllCases(cases)).toEqual(cases)
    }),
    { numRuns: 500 },
  )
})

test('a property has its code points, and no name that is none', () => {
  expect(findProperty('Nd')?.[0]).toEqual([0x30, 0x39])
  expect(findProperty('Any')).toEqual(anyCodePoint)
  expect(findProperty('Nonsense')).toBeUndefined()
})
