/** Stages that read other collections: $lookup and $unionWith, over collections, views and documents of their own. */
import { MongoServerError, type Collection, type Db, type Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { deployments } from './deployments.ts'
import { useGuide } from './guide.ts'

const restaurantRows = [
  { _id: 1, name: 'Blarney Castle', cuisine: 'irish', tags: ['pub', 'late'] },
  { _id: 2, name: 'Wild Asia', cuisine: 'asian', tags: [] },
  { _id: 3, name: 'The Moore Place', cuisine: 'irish' },
] as Document[]

const reviewRows = [
  { _id: 'a', of: 1, stars: 3 },
  { _id: 'b', of: 1, stars: 5, tag: 'pub' },
  { _id: 'c', of: [2, 3], stars: 4, tag: ['late', 'pub'] },
  { _id: 'd', stars: 1, tag: null },
] as Document[]

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  async function place() {
    const { db, restaurants } = await guide.place([])
    await restaurants.insertMany(restaurantRows.map(row => ({ ...row })))
    await db.collection('reviews').insertMany(reviewRows.map(row => ({ ...row })))
    return { db, restaurants, reviews: db.collection('reviews') }
  }

  const run = (from: Collection | Db, ...pipeline: Document[]) => from.aggregate(pipeline).toArray()

  /** `{ _id: [_ids of what was joined] }` of a $lookup. */
  async function joined(from: Collection, lookup: Document): Promise<Document> {
    const documents = await run(from, { $lookup: { as: 'found', ...lookup } }, { $sort: { _id: 1 } })
    return Object.fromEntries(documents.map(({ _id, found }) => [_id, found.map((item: Document) => item['_id'])]))
  }

  const code = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => (error instanceof MongoServerError ? error.code : error),
    )

  test('$lookup by equality finds as a filter does: in arrays on both sides, and null for what is missing', async () => {
    const { restaurants, reviews } = await place()
    expect(await joined(restaurants, { from: 'reviews', localField: '_id', foreignField: 'of' })).toEqual({
      1: ['a', 'b'],
      2: ['c'],
      3: ['c'],
    })
    expect(await joined(reviews, { from: 'restaurants', localField: 'of', foreignField: '_id' })).toEqual({
      a: [1],
      b: [1],
      c: [2, 3],
      d: [],
    })
    expect(await joined(restaurants, { from: 'reviews', localField: 'tags', foreignField: 'tag' })).toEqual({
      1: ['b', 'c'],
      2: [],
      3: ['a', 'd'],
    })
    expect(await joined(restaurants, { from: 'nothing', localField: '_id', foreignField: 'of' })).toEqual({
      1: [],
      2: [],
      3: [],
    })
  })

  test('$lookup puts the array where `as` says, in place of what is there', async () => {
    const { restaurants } = await place()
    const lookup = { from: 'reviews', localField: '_id', foreignField: 'of' }
    const [first] = await run(restaurants, { $lookup: { ...lookup, as: 'reviews.all' } })
    expect(first).toEqual({ ...restaurantRows[0], reviews: { all: [reviewRows[0], reviewRows[1]] } })
    const [second] = await run(restaurants, { $lookup: { ...lookup, as: 'tags' } })
    expect(Object.keys(second ?? {})).toEqual(['_id', 'name', 'cuisine', 'tags'])
  })

  test('$lookup by a pipeline, alone, with variables, and behind an equality', async () => {
    const { restaurants } = await place()
    const best = [{ $match: { stars: { $gt: 3 } } }, { $sort: { stars: -1 } }]
    expect(await joined(restaurants, { from: 'reviews', pipeline: best })).toEqual({
      1: ['b', 'c'],
      2: ['b', 'c'],
      3: ['b', 'c'],
    })
    const less = [{ $match: { $expr: { $lt: ['$stars', { $add: ['$$id', 2] }] } } }]
    expect(await joined(restaurants, { from: 'reviews', let: { id: '$_id' }, pipeline: less })).toEqual({
      1: ['d'],
      2: ['a', 'd'],
      3: ['a', 'c', 'd'],
    })
    const by = { from: 'reviews', localField: '_id', foreignField: 'of', pipeline: best }
    expect(await joined(restaurants, by)).toEqual({ 1: ['b'], 2: ['c'], 3: ['c'] })
    const nested = [
      { $lookup: { from: 'restaurants', localField: 'of', foreignField: '_id', as: 'r' } },
      { $match: { $expr: { $in: ['$$name', '$r.name'] } } },
    ]
    expect(await joined(restaurants, { from: 'reviews', let: { name: '$name' }, pipeline: nested })).toEqual({
      1: ['a', 'b'],
      2: ['c'],
      3: ['c'],
    })
    const made = { pipeline: [{ $documents: [{ _id: 7 }] }] }
    expect(await joined(restaurants, made)).toEqual({ 1: [7], 2: [7], 3: [7] })
  })

  test('$unionWith gives what is there and then the other', async () => {
    const { db, restaurants } = await place()
    const ids = async (union: unknown) => (await run(restaurants, { $unionWith: union })).map(({ _id }) => _id)
    expect(await ids('reviews')).toEqual([1, 2, 3, 'a', 'b', 'c', 'd'])
    expect(await ids({ coll: 'reviews', pipeline: [{ $match: { of: 1 } }] })).toEqual([1, 2, 3, 'a', 'b'])
    expect(await ids({ pipeline: [{ $documents: [{ _id: 9 }] }] })).toEqual([1, 2, 3, 9])
    expect(await ids('nothing')).toEqual([1, 2, 3])
    expect(await run(db, { $documents: [{ _id: 0 }] }, { $unionWith: 'restaurants' }, { $count: 'n' })).toEqual([
      { n: 4 },
    ])
  })

  test('they read views, stand in views and in $facet, and see what a transaction wrote', async () => {
    const { db, restaurants, reviews } = await place()
    await db.createCollection('good', { viewOn: 'reviews', pipeline: [{ $match: { stars: { $gt: 3 } } }] })
    const lookup = { from: 'good', localField: '_id', foreignField: 'of', as: 'good' }
    await db.createCollection('joined', { viewOn: 'restaurants', pipeline: [{ $lookup: lookup }] })
    const [first] = await db
      .collection('joined')
      .find({ _id: 1 } as Document)
      .toArray()
    expect(first).toEqual({ ...restaurantRows[0], good: [reviewRows[1]] })
    expect(await db.collection('joined').countDocuments({ 'good.stars': 4 })).toBe(2)
    const facet = { both: [{ $unionWith: 'good' }, { $count: 'n' }], one: [{ $lookup: lookup }, { $count: 'n' }] }
    expect(await run(restaurants, { $facet: facet })).toEqual([{ both: [{ n: 5 }], one: [{ n: 3 }] }])
    const session = guide.client.startSession()
    await session.withTransaction(async () => {
      await reviews.insertOne({ _id: 'e', of: 1, stars: 5 } as Document, { session })
      const seen = await restaurants.aggregate([{ $unionWith: 'good' }], { session }).toArray()
      expect(seen.map(({ _id }) => _id)).toEqual([1, 2, 3, 'b', 'c', 'e'])
    })
    await session.endSession()
    await run(restaurants, { $lookup: lookup }, { $out: 'written' })
    expect(await db.collection('written').countDocuments({ 'good.stars': 5 })).toBe(1)
  })

  test('a view never reads itself through other stages, however far away', async () => {
    const { db } = await place()
    const make = (name: string, pipeline: Document[]) =>
      code(db.createCollection(name, { viewOn: 'reviews', pipeline }))
    const union = (coll: string) => ({ $unionWith: { coll, pipeline: [] } })
    expect(await make('self', [{ $unionWith: 'self' }])).toBe(5)
    expect(await make('low', [{ $facet: { a: [union('high')] } }])).toBeUndefined()
    expect(await make('high', [{ $lookup: { from: 'x', pipeline: [union('low')], as: 'a' } }])).toBe(5)
    for (let index = 1; index <= 20; index++) expect(await make(`v${index}`, [union(`v${index - 1}`)])).toBeUndefined()
    expect(await make('v21', [union('v20')])).toBe(165)
  })

  test('strings compare with the collation of the command', async () => {
    const { db, restaurants } = await place()
    await db.collection('kinds').insertMany([{ _id: 'k', cuisine: 'IRISH' }] as Document[])
    const lookup = { $lookup: { from: 'kinds', localField: 'cuisine', foreignField: 'cuisine', as: 'kinds' } }
    const stages = [lookup, { $match: { 'kinds._id': 'k' } }]
    expect(await restaurants.aggregate(stages).toArray()).toEqual([])
    const collation = { locale: 'en', strength: 2 }
    expect(await restaurants.aggregate(stages, { collation }).toArray()).toHaveLength(2)
  })

  test.each<[number, Document]>([
    [51047, { $lookup: { from: 'a', pipeline: [{ $changeStream: {} }], as: 'b' } }],
    [51047, { $lookup: { from: 'a', pipeline: [{ $out: 'c' }], as: 'b' } }],
    [31441, { $unionWith: { coll: 'a', pipeline: [{ $changeStream: {} }] } }],
    [31441, { $unionWith: { coll: 'a', pipeline: [{ $merge: 'c' }] } }],
    [40600, { $facet: { a: [{ $changeStream: {} }] } }],
    [9, { $lookup: 1 }],
    [9, { $lookup: { from: 'a', localField: 'b', foreignField: 'c' } }],
    [9, { $lookup: { from: 'a', localField: 'b', as: 'c' } }],
    [9, { $lookup: { from: 'a', as: 'c' } }],
    [9, { $lookup: { from: { db: 'd', coll: 'c' }, pipeline: [], as: 'c' } }],
    [9, { $lookup: { from: 'a', localField: 'b', foreignField: 'c', let: {}, as: 'c' } }],
    [9, { $lookup: { from: 'a', pipeline: [], as: 'c', more: 'x' } }],
    [9, { $lookup: { pipeline: [], as: 'c' } }],
    [9, { $lookup: { from: 'a', pipeline: [{ $documents: [] }], as: 'c' } }],
    [14, { $lookup: { from: 'a', pipeline: 1, as: 'c' } }],
    [17276, { $lookup: { from: 'a', pipeline: [{ $set: { a: '$$nobody' } }], as: 'c' } }],
    [9, { $unionWith: 1 }],
    [9, { $unionWith: {} }],
    [40415, { $unionWith: { coll: 'a', more: 1 } }],
    [40324, { $unionWith: { coll: 'a', pipeline: [{ $foo: 1 }] } }],
  ])('%i for %j', async (expected, stage) => {
    const { restaurants } = await place()
    expect(await code(run(restaurants, stage))).toBe(expected)
  })
})
