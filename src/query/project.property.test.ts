/** Laws of projections without computed fields. */
import type { Document } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { project } from './query.suite.ts'

const name = fc.constantFrom('a', 'b', 'c', '_id', 'name_of_ten')
const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.integer({ min: 0, max: 3 }),
    fc.constantFrom('', 'x', null, true),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))
const document = fc.dictionary(name, value, { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<Document>

// Paths of which none is the beginning of another, so that they do not collide.
const paths = fc
  .uniqueArray(fc.constantFrom('a', 'b.a', 'b.c', 'c.a.b', 'c.b', 'name_of_ten'), { minLength: 1, maxLength: 4 })
  .filter(chosen => chosen.length > 0)

const specOf = (chosen: readonly string[], flag: 0 | 1): Document => ({
  _id: flag,
  ...Object.fromEntries(chosen.map(path => [path, flag])),
})

/** What a projection should leave of a value, read plainly. */
function project0(from: unknown, wanted: readonly string[][], keeps: boolean): unknown {
  if (Array.isArray(from)) {
    const items = from.filter(item => !keeps || (typeof item === 'object' && item !== null))
    return items.map(item => project0(item, wanted, keeps))
  }
  if (typeof from !== 'object' || from === null) return from
  const fields = Object.entries(from).flatMap(([field, inner]) => {
    const below = wanted.filter(([first]) => first === field).map(([, ...rest]) => rest)
    if (below.some(rest => rest.length === 0)) return keeps ? [[field, inner]] : []
    if (below.length === 0) return keeps ? [] : [[field, inner]]
    if (keeps && (typeof inner !== 'object' || inner === null)) return []
    return [[field, project0(inner, below, keeps)]]
  })
  return Object.fromEntries(fields) as unknown
}

const names = (chosen: readonly string[]): string[][] => ['_id', ...chosen].map(path => path.split('.'))

test('inclusions and exclusions leave what a plain reading of them leaves', () => {
  fc.assert(
    fc.property(document, paths, fc.constantFrom(0, 1), (given, chosen, flag) => {
      const expected = project0(given, names(chosen), flag === 1) as Document
      expect(project(specOf(chosen, flag), given)).toBe(project({}, expected))
    }),
    { numRuns: 1500 },
  )
})

test('projecting twice is projecting once', () => {
  fc.assert(
    fc.property(document, paths, fc.constantFrom(0, 1), (given, chosen, flag) => {
      const once = project0(given, names(chosen), flag === 1) as Document
      expect(project(specOf(chosen, flag), once)).toBe(project({}, once))
    }),
    { numRuns: 500 },
  )
})

test('a nested specification means what its dotted paths mean', () => {
  fc.assert(
    fc.property(document, given => {
      expect(project({ b: { a: 1, c: 1 }, c: { a: { b: 1 } } }, given)).toBe(
        project({ 'b.a': 1, 'b.c': 1, 'c.a.b': 1 }, given),
      )
    }),
    { numRuns: 300 },
  )
})
