import type { Document } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { documentValue } from '../bson/value.ts'
import { compileProject } from '../query/project.ts'
import { aggregate, applyTo, bytesOf, defaults, documentOfBytes, textOf } from './pipeline.suite.ts'

const names = fc.constantFrom('a', 'b', 'c')
const leaf = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom('x', 'y', null, true, 1.5))
const { value } = fc.letrec<{ value: unknown; document: Document }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('document'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
  document: fc.dictionary(names, tie('value'), { maxKeys: 3, noNullPrototype: true }),
}))
const document = fc.dictionary(names, value, { maxKeys: 3, noNullPrototype: true })
const documents = fc.array(document, { maxLength: 30 })
const path = fc.array(names, { minLength: 1, maxLength: 3 }).map(parts => parts.join('.'))

const texts = (results: readonly Document[]): string[] => results.map(textOf)

test('an inclusion gives what the projection of find gives', () => {
  fc.assert(
    fc.property(fc.uniqueArray(path, { minLength: 1, maxLength: 3 }), document, (paths, input) => {
      const free = paths.filter(one => !paths.some(other => other !== one && one.startsWith(`${other}.`)))
      const spec = Object.fromEntries(free.map(one => [one, 1]))
      const find = compileProject(documentValue(bytesOf(spec)), { ...defaults, of: 'find' })
      expect(textOf(applyTo(input, [{ $project: spec }]) ?? {})).toBe(textOf(documentOfBytes(find(bytesOf(input)))))
    }),
  )
})

test('a sort with a limit gives the beginning of the sort, behind a skip too', async () => {
  const order = fc.constantFrom(1, -1)
  // One path only may meet arrays, so the second key is a number.
  const key = fc.tuple(names, order, order).map(([name, up, down]) => ({ [name]: up, k: down }))
  const few = fc.integer({ min: 1, max: 12 })
  await fc.assert(
    fc.asyncProperty(documents, key, few, few, async (inputs, $sort, $skip, $limit) => {
      const numbered = inputs.map((input, n) => ({ ...input, k: n % 2, n }))
      const all = texts(await aggregate([{ $sort }], numbered))
      expect(texts(await aggregate([{ $sort }, { $limit }], numbered))).toEqual(all.slice(0, $limit))
      expect(texts(await aggregate([{ $sort }, { $skip }, { $limit }], numbered))).toEqual(
        all.slice($skip, $skip + $limit),
      )
    }),
  )
})

test('the counts of all groups make the count of all documents, and no two groups have one _id', async () => {
  await fc.assert(
    fc.asyncProperty(documents, async inputs => {
      const groups = await aggregate([{ $group: { _id: '$a', count: { $sum: 1 } } }], inputs)
      expect(groups.reduce((sum, { count }) => sum + Number(count), 0)).toBe(inputs.length)
      const ids = groups.map(({ _id }) => textOf({ _id: _id as unknown }))
      expect(new Set(ids).size).toBe(ids.length)
    }),
  )
})

test('a group holds exactly the documents whose value equals its _id', async () => {
  await fc.assert(
    fc.asyncProperty(documents, async inputs => {
      const numbered = inputs.map((input, n) => ({ ...input, n }))
      const groups = await aggregate([{ $group: { _id: { k: '$a' }, ns: { $push: '$n' } } }], numbered)
      for (const { _id, ns } of groups) {
        const $match = { $expr: { $eq: [{ k: '$a' }, { $literal: _id as unknown }] } }
        const matching = await aggregate([{ $match }], numbered)
        expect(matching.map(({ n }) => Number(n))).toEqual((ns as unknown[]).map(Number))
      }
    }),
    { numRuns: 40 },
  )
})

/** What $set should do, on JavaScript objects. */
function setInModel(from: unknown, [name = '', ...rest]: readonly string[], put: unknown): unknown {
  if (Array.isArray(from)) return from.map(item => setInModel(item, [name, ...rest], put))
  const fields = from !== null && typeof from === 'object' ? (from as Document) : {}
  return { ...fields, [name]: rest.length === 0 ? put : setInModel(fields[name], rest, put) }
}

test('$set does what its model does', () => {
  fc.assert(
    fc.property(path, leaf, document, (at, put, input) => {
      const expected = setInModel(input, at.split('.'), put) as Document
      expect(textOf(applyTo(input, [{ $set: { [at]: { $literal: put } } }]) ?? {})).toBe(textOf(expected))
    }),
  )
})

test('taking away what was set leaves what $$REMOVE leaves', () => {
  fc.assert(
    fc.property(path, leaf, document, (at, put, input) => {
      const taken = applyTo(input, [{ $set: { [at]: { $literal: put } } }, { $unset: at }])
      expect(textOf(taken ?? {})).toBe(textOf(applyTo(input, [{ $set: { [at]: '$$REMOVE' } }]) ?? {}))
    }),
  )
})

test('unwinding gives as many documents as there are items', async () => {
  await fc.assert(
    fc.asyncProperty(documents, async inputs => {
      const unwound = await aggregate([{ $unwind: '$a' }], inputs)
      const count = ({ a }: Document) => (Array.isArray(a) ? a.length : a === undefined || a === null ? 0 : 1)
      expect(unwound.length).toBe(inputs.reduce<number>((sum, input) => sum + count(input), 0))
    }),
  )
})
