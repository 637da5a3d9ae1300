/** "Modify the change stream output": each of the eight stages that the guides name, and what they may not do. */
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { deployments } from './deployments.ts'
import { useGuide } from './guide.ts'

const blarneyCastle = { name: 'Blarney Castle' }
const becomesIrish = { $set: { cuisine: 'Irish' } }

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  /** The first event of a stream with these stages, after Blarney Castle has become Irish. */
  async function eventThrough(stages: Document[], options: Document = {}): Promise<Document> {
    const { restaurants } = await guide.place()
    const stream = await guide.watch(restaurants.watch(stages, options))
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    return stream.next()
  }

  test('$match by operationType leaves only that type', async () => {
    const { restaurants } = await guide.place()
    const stream = await guide.watch(restaurants.watch([{ $match: { operationType: { $in: ['delete', 'replace'] } } }]))
    await restaurants.insertOne({ name: 'New' })
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    await restaurants.replaceOne({ name: 'New' }, { name: 'Newer' })
    await restaurants.deleteOne({ name: 'Newer' })
    expect((await stream.take(2)).map(({ operationType }) => operationType)).toEqual(['replace', 'delete'])
  })

  test('$match looks into the document: at equality, ranges, arrays and nested fields', async () => {
    const { restaurants } = await guide.place([])
    const of = async (filter: Document) => guide.watch(restaurants.watch([{ $match: filter }]))
    const bakeries = await of({ 'fullDocument.cuisine': 'Bakery' })
    const scoredHigh = await of({ 'fullDocument.grades.score': { $gte: 50 } })
    const zipped = await of({ 'fullDocument.address.zipcode': /^112/ })
    const either = await of({ $or: [{ 'fullDocument.name': 'C' }, { 'fullDocument.grades.0.grade': 'A' }] })
    await restaurants.insertMany([
      { name: 'A', cuisine: 'Bakery', grades: [{ grade: 'B', score: 3 }], address: { zipcode: '10462' } },
      {
        name: 'B',
        cuisine: 'Irish',
        grades: [
          { grade: 'A', score: 7 },
          { grade: 'C', score: 50 },
        ],
      },
      { name: 'C', cuisine: 'Thai', address: { zipcode: '11201' } },
    ])
    const names = async (stream: typeof bakeries, count: number) =>
      (await stream.take(count)).map(({ fullDocument }) => fullDocument.name)
    expect(await names(bakeries, 1)).toEqual(['A'])
    expect(await names(scoredHigh, 1)).toEqual(['B'])
    expect(await names(zipped, 1)).toEqual(['C'])
    expect(await names(either, 2)).toEqual(['B', 'C'])
  })

  test('$match by what an update set or removed sees only such updates', async () => {
    const { restaurants } = await guide.place()
    const cuisines = await guide.watch(
      restaurants.watch([{ $match: { 'updateDescription.updatedFields.cuisine': { $exists: true } } }]),
    )
    const removals = await guide.watch(
      restaurants.watch([{ $match: { 'updateDescription.removedFields': 'borough' } }]),
    )
    await restaurants.updateOne(blarneyCastle, { $set: { borough: 'Kings' } })
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    await restaurants.updateOne(blarneyCastle, { $unset: { borough: '' } })
    expect((await cuisines.next())['updateDescription'].updatedFields).toEqual({ cuisine: 'Irish' })
    expect((await removals.next())['updateDescription'].removedFields).toEqual(['borough'])
  })

  test.each(['$addFields', '$set'])('%s adds what expressions make of the event', async stage => {
    const event = await eventThrough([
      {
        [stage]: {
          shout: { $toUpper: '$updateDescription.updatedFields.cuisine' },
          where: { $concat: ['$ns.db', '/', '$ns.coll'] },
          isUpdate: { $eq: ['$operationType', 'update'] },
          'updateDescription.count': { $size: '$updateDescription.removedFields' },
        },
      },
    ])
    expect(event).toMatchObject({ shout: 'IRISH', isUpdate: true, updateDescription: { count: 0 } })
    expect(event['where']).toBe(`${event['ns'].db}/restaurants`)
    expect(Object.keys(event).slice(-3)).toEqual(['shout', 'where', 'isUpdate'])
  })

  test('$project keeps what it names, and the token unasked', async () => {
    const event = await eventThrough([
      { $project: { operationType: 1, 'updateDescription.updatedFields': 1, key: '$documentKey._id' } },
    ])
    expect(Object.keys(event)).toEqual(['_id', 'operationType', 'updateDescription', 'key'])
    expect(event['updateDescription']).toEqual({ updatedFields: { cuisine: 'Irish' } })
  })

  test('$project can leave out instead', async () => {
    const event = await eventThrough([
      { $project: { clusterTime: 0, wallTime: 0, 'updateDescription.truncatedArrays': 0 } },
    ])
    expect(Object.keys(event)).toEqual(['_id', 'operationType', 'ns', 'documentKey', 'updateDescription'])
    expect(Object.keys(event['updateDescription'])).toEqual(['updatedFields', 'removedFields'])
  })

  test('$unset removes one field or several', async () => {
    expect(await eventThrough([{ $unset: 'wallTime' }])).not.toHaveProperty('wallTime')
    const event = await eventThrough([{ $unset: ['ns', 'fullDocument.grades', 'clusterTime'] }], {
      fullDocument: 'updateLookup',
    })
    expect(Object.keys(event)).toEqual([
      '_id',
      'operationType',
      'wallTime',
      'fullDocument',
      'documentKey',
      'updateDescription',
    ])
    expect(event['fullDocument']).toMatchObject({ cuisine: 'Irish' })
    expect(event['fullDocument']).not.toHaveProperty('grades')
  })

  test('$replaceRoot makes the document the event, if the token stays', async () => {
    const stages = [
      { $match: { operationType: 'update' } },
      {
        $replaceRoot: {
          newRoot: { $mergeObjects: ['$fullDocument', { restaurant: '$documentKey._id', _id: '$_id' }] },
        },
      },
    ]
    const event = await eventThrough(stages, { fullDocument: 'updateLookup' })
    expect(event).toMatchObject({ name: 'Blarney Castle', cuisine: 'Irish', _id: { _data: expect.any(String) } })
    expect(event['restaurant']).toBeDefined()
  })

  test('$replaceWith makes a document of its own, if the token stays', async () => {
    const event = await eventThrough([{ $replaceWith: { _id: '$_id', what: '$operationType', of: '$ns.coll' } }])
    expect(Object.entries(event).slice(1)).toEqual([
      ['what', 'update'],
      ['of', 'restaurants'],
    ])
  })

  test('$redact prunes parts of an event, or hides it whole', async () => {
    const pruned = await eventThrough([
      { $redact: { $cond: [{ $ifNull: ['$updatedFields', false] }, '$$PRUNE', '$$DESCEND'] } },
    ])
    expect(pruned).not.toHaveProperty('updateDescription')
    expect(pruned).toMatchObject({ operationType: 'update', ns: { coll: 'restaurants' } })

    const { restaurants } = await guide.place()
    const deletes = [{ $redact: { $cond: [{ $eq: ['$operationType', 'delete'] }, '$$KEEP', '$$PRUNE'] } }]
    const stream = await guide.watch(restaurants.watch(deletes))
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    await restaurants.deleteOne(blarneyCastle)
    expect(await stream.next()).toMatchObject({ operationType: 'delete' })
  })

  test('stages are applied one after another', async () => {
    const event = await eventThrough([
      { $set: { cuisine: '$updateDescription.updatedFields.cuisine' } },
      { $match: { cuisine: 'Irish' } },
      { $unset: ['updateDescription', 'ns'] },
      { $project: { cuisine: 1, length: { $strLenCP: '$cuisine' } } },
    ])
    expect(Object.entries(event).slice(1)).toEqual([
      ['cuisine', 'Irish'],
      ['length', 5],
    ])
  })

  test.each([
    ['$project', { $project: { _id: 0 } }],
    ['$unset', { $unset: '_id' }],
    ['$addFields', { $addFields: { _id: 1 } }],
    ['$set', { $set: { '_id._data': 'mine' } }],
    ['$replaceRoot', { $replaceRoot: { newRoot: '$ns' } }],
    ['$replaceWith', { $replaceWith: { what: '$operationType' } }],
  ])('a pipeline whose %s takes the token away opens, and fails at the first event', async (_, stage) => {
    const { restaurants } = await guide.place()
    const stream = await guide.watch(restaurants.watch([stage]))
    await restaurants.updateOne(blarneyCastle, becomesIrish)
    const failure = (await stream.next().catch((error: unknown) => error)) as Document
    expect(failure).toMatchObject({
      code: 280,
      codeName: 'ChangeStreamFatalError',
      errorLabels: ['NonResumableChangeStreamError'],
    })
    expect(failure['message']).toContain('Only transformations that retain the unmodified _id field are allowed')
  })

  test.each([
    [{ $set: { _id: '$_id' } }],
    [{ $project: { _id: '$_id', operationType: 1 } }],
    [{ $replaceWith: '$$ROOT' }],
  ])('a pipeline that puts the token back where it was is fine: %j', async stage => {
    expect(await eventThrough([stage])).toMatchObject({ operationType: 'update' })
  })

  test.each([
    [20, { $group: { _id: '$operationType' } }],
    [20, { $sort: { clusterTime: 1 } }],
    [20, { $limit: 1 }],
    [20, { $lookup: { from: 'a', localField: 'b', foreignField: 'c', as: 'd' } }],
    [20, { $out: 'elsewhere' }],
    [40324, { $nonsense: {} }],
    [40602, { $changeStream: {} }],
  ])('error %i refuses a stage that no stream may have: %j', async (code, stage) => {
    const { restaurants } = await guide.place([])
    await expect(guide.watch(restaurants.watch([stage]))).rejects.toMatchObject({ code })
  })
})
