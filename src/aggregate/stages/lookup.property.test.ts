/** $lookup gives the same whether the other collection is held in memory or asked for each document. */
import { BSONRegExp, type Document } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Collation } from '../../bson/collation.ts'
import { parseCollation } from '../../bson/collation.ts'
import { documentValue } from '../../bson/value.ts'
import { aggregate, bytesOf, sequence, textOf } from '../pipeline.suite.ts'
import { compilePipeline } from '../pipeline.ts'
import type { ForeignReader } from '../stage.ts'

const leaf = fc.constantFrom<unknown>(0, 1, 1.5, 'x', 'X', null, undefined, true, new BSONRegExp('x', ''))
const names = fc.constantFrom('a', 'b', '0')
const { value } = fc.letrec<{ value: unknown; document: Document }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('document'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
  document: fc.dictionary(names, tie('value'), { maxKeys: 2, noNullPrototype: true }),
}))
const documents = fc.array(fc.dictionary(names, value, { maxKeys: 3, noNullPrototype: true }), { maxLength: 12 })
const path = fc.array(names, { minLength: 1, maxLength: 3 }).map(parts => parts.join('.'))
const collation = fc.constantFrom<Collation | undefined>(
  undefined,
  parseCollation(documentValue(bytesOf({ locale: 'en', strength: 2 }))),
)

/** A reader of one collection, which counts how often it is asked. */
function readerOf(found: readonly Document[]): { readonly reader: ForeignReader; readonly counted: { asked: number } } {
  const counted = { asked: 0 }
  return {
    counted,
    reader: {
      read(_, stages, options, pace) {
        counted.asked++
        return compilePipeline(stages, options)(sequence(found), pace)
      },
    },
  }
}

const tooLittle = 50

test('by equality', async () => {
  await fc.assert(
    fc.asyncProperty(
      documents,
      documents,
      path,
      path,
      collation,
      async (local, found, localField, foreignField, by) => {
        const lookup = { $lookup: { from: 'other', localField, foreignField, as: 'found' } }
        const options = { collation: by, foreign: readerOf(found).reader }
        const held = await aggregate([lookup], local, options)
        const asked = await aggregate([lookup], local, { ...options, memoryBytesMax: tooLittle })
        expect(held.map(textOf)).toEqual(asked.map(textOf))
      },
    ),
  )
})

test.each([
  ['constant', { pipeline: [{ $match: { a: 1 } }] }, 1],
  ['of variables', { let: { v: '$a' }, pipeline: [{ $match: { $expr: { $eq: ['$a', '$$v'] } } }] }, 1],
  ['behind an equality', { localField: 'a', foreignField: 'a', pipeline: [{ $limit: 1 }] }, 1],
])('by a pipeline %s, reading the other collection once', async (_, spec, count) => {
  const found = [{ a: 1, n: 1 }, { a: 2 }, { a: 1, n: 2 }]
  const local = [{ a: 1 }, { a: 2 }, { a: 3 }]
  const lookup = { $lookup: { from: 'other', as: 'found', ...spec } }
  const { reader, counted } = readerOf(found)
  const held = await aggregate([lookup], local, { foreign: reader })
  expect(counted.asked).toBe(count)
  const asked = await aggregate([lookup], local, { foreign: reader, memoryBytesMax: tooLittle })
  expect(held.map(textOf)).toEqual(asked.map(textOf))
  expect(held[0]?.['found']).not.toEqual([])
})

test('what one document is given is bounded', async () => {
  const large = { text: 'x'.repeat(6 * 1024 * 1024) }
  const lookup = { $lookup: { from: 'other', pipeline: [], as: 'found' } }
  const foreign = readerOf([large, large, large]).reader
  await expect(aggregate([lookup], [{}], { foreign })).rejects.toMatchObject({ code: 4568 })
})

test('pipelines stand within one another to a bound', async () => {
  const within = (depth: number): Document =>
    depth === 0 ? { $match: {} } : { $unionWith: { coll: 'other', pipeline: [within(depth - 1)] } }
  const foreign = readerOf([{ a: 1 }]).reader
  expect(await aggregate([within(20)], [], { foreign })).toHaveLength(20)
  await expect(aggregate([within(21)], [], { foreign })).rejects.toMatchObject({ code: 232 })
})
