/** Law: an event that the stages let through is found. */
import { Decimal128, Double, type Document, Int32, Long, ObjectId, serialize } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { someVariables } from '../../test/story-world.ts'
import { compileChangeStreamPipeline } from '../aggregate/pipeline.ts'
import { CommandError } from '../base/errors.ts'
import { type Collation, parseCollation } from '../bson/collation.ts'
import { itemsOf } from '../bson/reader.ts'
import type { Value } from '../bson/value.ts'
import { conditionsOf, ConditionIndex } from './predicates.ts'
import { valueOf } from './streams.suite.ts'

const number = fc.integer({ min: 0, max: 2 })
const scalar: fc.Arbitrary<unknown> = fc.oneof(
  number.map(n => new Int32(n)),
  number.map(n => new Double(n)),
  number.map(n => Long.fromNumber(n)),
  number.map(n => Decimal128.fromString(`${n}.0`)),
  fc.constantFrom('', 'a', 'A', 'insert', true, false, null, NaN, -0),
  fc.constantFrom(new Date(0), new ObjectId('0'.repeat(24)), /a/, undefined),
)
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.array(scalar, { maxLength: 2 }), { maxLength: 2 }) },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom('b', '0'), scalar, { maxKeys: 2 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.dictionary(fc.constantFrom('b', '0', 'c'), scalar, { maxKeys: 2 }), { maxLength: 2 }),
  },
)

const event = fc.record(
  {
    operationType: fc.constantFrom('insert', 'update', 'delete'),
    ns: fc.constantFrom({ db: 'd', coll: 'a' }, { db: 'd', coll: 'b' }, { db: 'd' }),
    documentKey: fc.record({ _id: scalar }),
    fullDocument: fc.oneof(fc.constant(null), fc.dictionary(fc.constantFrom('a', 'b', 'a.b'), value, { maxKeys: 3 })),
  },
  { requiredKeys: ['operationType'] },
)

const path = fc.constantFrom(
  'operationType',
  'ns.coll',
  'ns',
  'documentKey._id',
  'fullDocument.a',
  'fullDocument.a.b',
  'fullDocument.a.0',
  'fullDocument.a.0.b',
  'fullDocument.b',
  'fullDocument',
)

const operand = fc.oneof(
  { weight: 4, arbitrary: scalar.filter(each => each !== undefined) },
  { weight: 1, arbitrary: fc.constantFrom('a', 'b', 'insert', 'update') },
  { weight: 1, arbitrary: value.filter(each => each !== undefined && !JSON.stringify(each).includes('undefined')) },
)
const isPlain = (each: unknown): boolean => each !== undefined
const condition: fc.Arbitrary<unknown> = fc.oneof(
  operand,
  operand.map(each => ({ $eq: each })),
  fc.array(operand, { maxLength: 3 }).map(items => ({ $in: items })),
  operand.map(each => ({ $ne: each })),
  fc.tuple(operand, fc.array(operand, { maxLength: 3 })).map(([a, items]) => ({ $eq: a, $in: items })),
  number.map(n => ({ $gte: n })),
)
const single: fc.Arbitrary<Document> = fc.tuple(path, condition).map(([at, each]) => ({ [at]: each }))
const match: fc.Arbitrary<Document> = fc.oneof(
  single,
  fc.tuple(single, single).map(([a, b]) => ({ ...a, ...b })),
  fc.tuple(single, single).map(([a, b]) => ({ $and: [a, b] })),
  fc.tuple(single, single).map(([a, b]) => ({ $or: [a, b] })),
  single.map(a => ({ $nor: [a] })),
)
const stages = fc.oneof(
  fc.array(match, { minLength: 1, maxLength: 2 }).map(matches => matches.map($match => ({ $match }))),
  match.map($match => [{ $addFields: { 'fullDocument.a': 1 } }, { $match }]),
)

const hasUndefined = (each: unknown): boolean =>
  typeof each === 'object' && each !== null && !('_bsontype' in each)
    ? Object.values(each).some(hasUndefined)
    : !isPlain(each)

/** Undefined for what nobody can open a stream with. */
function compiled(stages: readonly Value[], collation: Collation | undefined) {
  try {
    return compileChangeStreamPipeline(stages, { collation, variables: someVariables }).apply
  } catch (error) {
    if (error instanceof CommandError) return undefined
    throw error
  }
}

test('an event that the stages let through is found', () =>
  fc.assert(
    fc.property(
      fc.array(
        stages.filter(each => !hasUndefined(each)),
        { minLength: 1, maxLength: 6 },
      ),
      fc.array(event, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(undefined, { locale: 'en', strength: 2 }),
      (pipelines, events, collationSpec) => {
        const collation = parseCollation(collationSpec && valueOf(collationSpec))
        const members = pipelines.flatMap(pipeline => {
          const items = itemsOf(valueOf(pipeline))
          const apply = compiled(items, collation)
          return apply === undefined ? [] : [{ pipeline, apply, ...conditionsOf(items, collation) }]
        })
        const index = new ConditionIndex<(typeof members)[number]>()
        for (const member of members) index.add(member, member.condition)
        for (const each of events) {
          const bytes = serialize(each, { ignoreUndefined: false })
          const found = new Set(index.find(bytes))
          for (const member of members) {
            if (member.apply(bytes) === undefined) continue
            expect(found.has(member), JSON.stringify([member.pipeline, each])).toBe(true)
            expect(member.operationTypes?.includes(each.operationType)).not.toBe(false)
          }
        }
        for (const member of members) index.delete(member, member.condition)
        expect([index.all.size, index.isUnconditional]).toEqual([0, true])
      },
    ),
    { numRuns: 800 },
  ))

test('what is asked for certain is found out', () => {
  const conditions = (...pipeline: Document[]) => conditionsOf(itemsOf(valueOf(pipeline)), undefined)
  const paths = (...pipeline: Document[]) => conditions(...pipeline).condition?.path
  expect(conditions({ $match: { operationType: { $in: ['insert', 'update'] } } })).toEqual({
    operationTypes: ['insert', 'update'],
    condition: undefined,
  })
  expect(paths({ $match: { 'ns.coll': 'a', 'fullDocument.user': { $in: [1, 2] } } })).toBe('fullDocument.user')
  expect(paths({ $match: { $and: [{ 'a.b': { $in: [1, 2] } }, { c: { $eq: 1, $gt: 0 } }] } })).toBe('c')
  expect(paths({ $match: { x: { $gt: 1 } } }, { $match: { y: 1 } })).toBe('y')
  for (const nothing of [
    { $match: { x: null } },
    { $match: { x: /a/ } },
    { $match: { $or: [{ x: 1 }] } },
    { $set: { x: 1 } },
  ]) {
    expect(conditions(nothing, { $set: { y: 1 } }, { $match: { z: 1 } })).toEqual({
      operationTypes: undefined,
      condition: undefined,
    })
  }
  expect(conditions({ $match: { x: [1] } }).condition).toBe(undefined)
  expect(conditions({ $match: { x: { y: 1 } } }).condition).toBe(undefined)
})

test('an event finds few of many members', () => {
  const index = new ConditionIndex<number>()
  for (let user = 0; user < 1000; user++) {
    index.add(user, conditionsOf(itemsOf(valueOf([{ $match: { 'fullDocument.user': user } }])), undefined).condition)
  }
  const found = (document: Document) => [...index.find(serialize({ fullDocument: document }))]
  expect(found({ user: 7 })).toEqual([7])
  expect(found({ user: [7, 9] })).toEqual([7, 9])
  expect(found({ user: 'x' })).toEqual([])
  expect(found({})).toEqual([])
})

test('behind an array on the way anybody may be meant', () => {
  const index = new ConditionIndex<string>()
  for (const path of ['fullDocument.items.sku', 'fullDocument.items.0', 'fullDocument.user']) {
    index.add(path, conditionsOf(itemsOf(valueOf([{ $match: { [path]: 1 } }])), undefined).condition)
  }
  const items = [{ sku: 2 }, { sku: 1 }]
  expect([...index.find(serialize({ fullDocument: { items, user: 2 } }))]).toEqual([
    'fullDocument.items.sku',
    'fullDocument.items.0',
  ])
})
