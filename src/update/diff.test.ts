// The delta between two documents, when it is told, and how it is applied and described.
import { expect, test } from 'vitest'
import { Bug } from '../base/assert.ts'
import { describeDiff } from './description.ts'
import { applyDiff, computeDiff } from './diff.ts'
import { bytesOf, textOf } from './update.suite.ts'
import type { Document } from 'bson'

type Case = readonly [claim: string, before: Document, after: Document, diff: Document]

/** Makes a document long enough for a delta to be worth it. */
const z = 'x'.repeat(200)

// prettier-ignore
const cases: readonly Case[] = [
  ['a changed field', { a: 1, z }, { a: 2, z }, { u: { a: 2 } }],
  ['another type', { a: 1, z }, { a: '1', z }, { u: { a: '1' } }],
  ['a new field', { a: 1, z }, { a: 1, z, b: 2 }, { i: { b: 2 } }],
  ['a field that went', { a: 1, z }, { z }, { d: { a: false } }],
  ['a new field in between moves what follows', { a: 1, z: 1, long: z }, { a: 1, b: 2, z: 1, long: z }, { i: { b: 2, z: 1, long: z } }],
  ['two fields that change places', { a: 1, b: 2, z }, { b: 2, a: 1, z }, { i: { a: 1, z } }],
  ['fields that went are told by name where others moved', { d: 1, c: 1, a: 1, z: 1 }, { z: 1, y: z }, { d: { a: false, c: false, d: false }, i: { y: z } }],
  ['inside a document', { a: { b: 1, z } }, { a: { b: 2, z } }, { sa: { u: { b: 2 } } }],
  ['a document that becomes an array', { a: { 0: 1 }, z }, { a: [1], z }, { u: { a: [1] } }],
  ['a short document is told as a whole', { a: { b: 1 }, z }, { a: { b: 2 }, z }, { u: { a: { b: 2 } } }],
  ['an item', { a: [1, z] }, { a: [2, z] }, { sa: { a: true, u0: 2 } }],
  ['new items', { a: [z] }, { a: [z, 1, 2] }, { sa: { a: true, u1: 1, u2: 2 } }],
  ['fewer items', { a: [z, 1, 2] }, { a: [z] }, { sa: { a: true, l: 1 } }],
  ['fewer items, one of them changed', { a: [1, z, 2, 3] }, { a: [2, z] }, { sa: { a: true, l: 2, u0: 2 } }],
  ['inside an item', { a: [{ b: 1, z }] }, { a: [{ b: 2, z }] }, { sa: { a: true, s0: { u: { b: 2 } } } }],
  ['an array in an array', { a: [[1, z]] }, { a: [[1, z, 3]] }, { sa: { a: true, s0: { a: true, u2: 3 } } }],
  ['an array becomes empty', { a: [1, 2], z }, { a: [], z }, { u: { a: [] } }],
  ['a field with an empty name', { '': { b: 1, z } }, { '': { b: 2, z } }, { s: { u: { b: 2 } } }],
]

test.each(cases)('%s', (_claim, before, after, expected) => {
  // A large field that does not change keeps the whole from being shorter than the delta.
  const filled = (document: Document) => bytesOf({ first: 'x'.repeat(1000), ...document })
  const diff = computeDiff(filled(before), filled(after))
  expect(diff && textOf(diff)).toBe(textOf(expected))
  expect(textOf(applyDiff(filled(before), diff ?? bytesOf({})))).toBe(textOf(filled(after)))
})

test('a delta is told as soon as it is estimated to be shorter than the document', () => {
  // 15 for the entry, 5 for the delta, 8 for the section, 1 + 2 + 4 for the field: 35. The documents are 26 + text bytes.
  const changed = (text: string) => computeDiff(bytesOf({ x: 1, y: text }), bytesOf({ x: 2, y: text }))
  const bytes = (text: string) => bytesOf({ x: 1, y: text }).length
  expect([bytes('a'.repeat(15)), changed('a'.repeat(15))]).toEqual([35, undefined])
  expect(bytes('a'.repeat(16))).toBe(36)
  expect(changed('a'.repeat(16))).toBeDefined()
})

test('the inside of an array counts its header, its indexes and its new length', () => {
  const first = 'x'.repeat(1000)
  const told = (before: Document, after: Document) => {
    const diff = computeDiff(bytesOf({ first, ...before }), bytesOf({ first, ...after }))
    return diff && textOf(diff)
  }
  // 9 + (1 + 1 + 2 + 4) = 17 for the item, 7 for a length; an array of two ints is 19 bytes, of one 12.
  expect(told({ a: [1, 2] }, { a: [1, 3] })).toBe(textOf({ sa: { a: true, u1: 3 } }))
  expect(told({ a: [1, 2, 3] }, { a: [1, 3] })).toBe(textOf({ u: { a: [1, 3] } }))
  expect(told({ a: [1, 2, 3] }, { a: [1, 2] })).toBe(textOf({ sa: { a: true, l: 2 } }))
  expect(told({ a: [1, 2] }, { a: [1] })).toBe(textOf({ u: { a: [1] } }))
})

type Description = readonly [claim: string, diff: Document, description: Document]

// prettier-ignore
const descriptions: readonly Description[] = [
  ['nothing', {}, {}],
  ['level by level, changed before new before inside', { d: { q: false }, u: { b: 1 }, i: { a: 2 }, sc: { u: { y: 1 }, i: { x: 2 }, sd: { u: { e: 1 } } }, sf: { d: { g: false } } },
    { updatedFields: { b: 1, a: 2, 'c.y': 1, 'c.x': 2, 'c.d.e': 1 }, removedFields: ['q', 'f.g'] }],
  ['a shorter array', { sa: { a: true, l: 2, u0: 5, s1: { u: { x: 1 } } } }, { updatedFields: { 'a.0': 5, 'a.1.x': 1 }, truncatedArrays: [{ field: 'a', newSize: 2 }] }],
  ['arrays in arrays', { sa: { a: true, s1: { a: true, l: 3, u0: 1 } } }, { updatedFields: { 'a.1.0': 1 }, truncatedArrays: [{ field: 'a.1', newSize: 3 }] }],
  ['a name with a dot', { u: { 'a.b': 1 } }, { updatedFields: { 'a.b': 1 }, disambiguatedPaths: { 'a.b': ['a.b'] } }],
  ['a name with a dot further up', { 'sa.b': { d: { c: false } } }, { removedFields: ['a.b.c'], disambiguatedPaths: { 'a.b.c': ['a.b', 'c'] } }],
  ['an array under a number as a name', { sa: { s0: { a: true, l: 1, u0: 2 } } }, { updatedFields: { 'a.0.0': 2 }, truncatedArrays: [{ field: 'a.0', newSize: 1 }], disambiguatedPaths: { 'a.0': ['a', '0'], 'a.0.0': ['a', '0', 0] } }],
  ['fields called as the sections are', { u: { a: 1, u: 2 }, sa: { u: { a: 3 } }, ss: { i: { d: 1 } } }, { updatedFields: { a: 1, u: 2, 'a.a': 3, 's.d': 1 } }],
]

test.each(descriptions)('described: %s', (_claim, diff, { updatedFields = {}, removedFields = [], ...lists }) => {
  const { truncatedArrays = [], disambiguatedPaths = {} } = lists
  const plain = { updatedFields, removedFields, truncatedArrays }
  expect(textOf(describeDiff(bytesOf(diff), { disambiguatedPaths: false }))).toBe(textOf(plain))
  expect(textOf(describeDiff(bytesOf(diff), { disambiguatedPaths: true }))).toBe(
    textOf({ ...plain, disambiguatedPaths }),
  )
})

type Applied = readonly [claim: string, before: Document, diff: Document, after: Document]

// prettier-ignore
const applications: readonly Applied[] = [
  ['nothing', { a: 1 }, {}, { a: 1 }],
  ['a field that is inserted again moves to the end', { a: 1, b: 2 }, { i: { a: 3 } }, { b: 2, a: 3 }],
  ['an item beyond the end is padded to', { a: [1] }, { sa: { a: true, u3: 2 } }, { a: [1, null, null, 2] }],
  ['an array is made longer', { a: [1] }, { sa: { a: true, l: 3 } }, { a: [1, null, null] }],
  ['an array is made shorter', { a: [1, 2, 3], b: 1 }, { sa: { a: true, l: 1 } }, { a: [1], b: 1 }],
]

test.each(applications)('applied: %s', (_claim, before, diff, after) => {
  expect(textOf(applyDiff(bytesOf(before), bytesOf(diff)))).toBe(textOf(after))
})

test.each([
  ['a field to change that is not there', { u: { b: 1 } }],
  ['a field to remove that is not there', { d: { b: false } }],
  ['the inside of what has none', { sa: { u: { b: 1 } } }],
  ['a section that is none', { x: {} }],
])('a delta that does not fit is a bug: %s', (_claim, diff) => {
  expect(() => applyDiff(bytesOf({ a: 1 }), bytesOf(diff))).toThrow(Bug)
})
