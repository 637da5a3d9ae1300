/** Pipelines that write: $out puts a collection in another's place, $merge writes document by document; streams tell of both. */
import { MongoServerError, type Collection, type Db, type Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { deployments } from './deployments.ts'
import { useGuide } from './guide.ts'

const rows = [
  { _id: 1, name: 'Blarney Castle', stars: 3 },
  { _id: 2, name: 'Wild Asia', stars: 4 },
  { _id: 3, name: 'The Moore Place', stars: 5 },
] as Document[]

const run = (from: Collection | Db, pipeline: Document[], options = {}) => from.aggregate(pipeline, options).toArray()
const all = (collection: Collection) => collection.find().sort({ _id: 1 }).toArray()
const temporary = /^tmp\.agg_out\.[0-9a-f]{8}-[0-9a-f-]{27}$/

describe.each(deployments)('with $name', deployment => {
  const guide = useGuide(deployment)

  async function place() {
    const { db, restaurants } = await guide.place([])
    await restaurants.insertMany(rows.map(row => ({ ...row })))
    return { db, restaurants, target: db.collection('target') }
  }

  const code = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => (error instanceof MongoServerError ? error.code : error),
    )

  describe('$out', () => {
    test('makes a collection, and answers with an empty cursor', async () => {
      const { db, restaurants, target } = await place()
      expect(await run(restaurants, [{ $match: { stars: { $gt: 3 } } }, { $out: 'target' }])).toEqual([])
      expect(await all(target)).toEqual([rows[1], rows[2]])
      await run(restaurants, [{ $out: { db: `${db.databaseName}_other`, coll: 'there' } }])
      const other = guide.client.db(`${db.databaseName}_other`)
      expect(await all(other.collection('there'))).toEqual(rows)
      expect((await other.listCollections().toArray()).map(({ name }) => name)).toEqual(['there'])
    })

    test('keeps options and indexes of what it replaces, not its UUID', async () => {
      const { db, restaurants, target } = await place()
      const validator = { stars: { $gt: 0 } }
      await db.createCollection('target', { validator, changeStreamPreAndPostImages: { enabled: true } })
      await target.createIndex({ name: 1 }, { unique: true })
      await target.createIndex({ stars: -1 })
      await target.insertOne({ stars: 1 })
      const [before] = await db.listCollections({ name: 'target' }).toArray()
      await run(restaurants, [{ $out: 'target' }])
      expect(await all(target)).toEqual(rows)
      const [after] = await db.listCollections({ name: 'target' }).toArray()
      expect(after).toMatchObject({ options: { validator, changeStreamPreAndPostImages: { enabled: true } } })
      expect(Object.keys((after as Document)['options'])).not.toContain('temp')
      expect((after as Document)['info'].uuid).not.toEqual((before as Document)['info'].uuid)
      expect((await target.indexes()).map(({ name }) => name)).toEqual(['_id_', 'name_1', 'stars_-1'])
      expect(await code(target.insertOne({ name: 'Wild Asia', stars: 1 }))).toBe(11000)
    })

    test('a stream of the database sees the temporary collection filled and renamed', async () => {
      const { db, restaurants, target } = await place()
      await target.insertOne({ old: true })
      await target.createIndex({ stars: 1 })
      const stream = await guide.watch(db.watch([], { showExpandedEvents: true }))
      await run(restaurants, [{ $match: { stars: { $gt: 3 } } }, { $out: 'target' }])
      const [created, indexed, first, second, renamed] = await stream.take(5)
      expect(created).toMatchObject({ operationType: 'create', ns: { coll: expect.stringMatching(temporary) } })
      expect(indexed).toMatchObject({ operationType: 'createIndexes', ns: created?.['ns'] })
      expect(first).toMatchObject({ operationType: 'insert', ns: created?.['ns'], fullDocument: rows[1] })
      expect(second).toMatchObject({ operationType: 'insert', fullDocument: rows[2] })
      expect(renamed).toMatchObject({
        operationType: 'rename',
        ns: created?.['ns'],
        to: { db: db.databaseName, coll: 'target' },
        collectionUUID: created?.['collectionUUID'],
        operationDescription: { dropTarget: expect.anything() },
      })
    })

    test('a stream of the target sees that it is replaced, and ends', async () => {
      const { restaurants, target } = await place()
      await target.insertOne({ old: true })
      const stream = await guide.watch(target.watch())
      await run(restaurants, [{ $out: 'target' }])
      expect(await stream.next()).toMatchObject({ operationType: 'rename', to: { coll: 'target' } })
      expect(await stream.next()).toMatchObject({ operationType: 'invalidate' })
    })

    test('may replace what it reads', async () => {
      const { restaurants } = await place()
      await run(restaurants, [{ $match: { _id: 2 } }, { $out: 'restaurants' }])
      expect(await all(restaurants)).toEqual([rows[1]])
    })

    test.each([
      ['a key that comes twice', [{ $project: { _id: 'same' } }], 11000],
      ['a document that is not valid', [{ $set: { stars: 0 } }], 121],
      ['a stage that fails', [{ $set: { x: { $toInt: '$name' } } }], 241],
    ])('%s leaves everything as it was', async (_, stages, expected) => {
      const { db, restaurants, target } = await place()
      await db.createCollection('target', { validator: { stars: { $ne: 0 } } })
      await target.insertOne({ _id: 7 } as Document)
      expect(await code(run(restaurants, [...stages, { $out: 'target' }]))).toBe(expected)
      expect(await all(target)).toEqual([{ _id: 7 }])
      expect((await db.listCollections().toArray()).map(({ name }) => name).sort()).toEqual(['restaurants', 'target'])
    })

    test('validators can be bypassed', async () => {
      const { db, restaurants, target } = await place()
      await db.createCollection('target', { validator: { stars: { $ne: 3 } } })
      await run(restaurants, [{ $out: 'target' }], { bypassDocumentValidation: true })
      expect(await target.countDocuments()).toBe(3)
    })

    test('refuses what it cannot write, before it reads', async () => {
      const { db, restaurants } = await place()
      await db.createCollection('capped', { capped: true, size: 4096 })
      await db.createCollection('view', { viewOn: 'restaurants', pipeline: [] })
      await db.createCollection('series', { timeseries: { timeField: 't' } })
      const out = (spec: unknown, ...more: Document[]) => code(run(restaurants, [{ $out: spec }, ...more]))
      expect(await out('capped')).toBe(17152)
      expect(await out('view')).toBe(166)
      expect(await out('series')).toBe(238)
      expect(await out('target', { $match: {} })).toBe(40601)
      expect(await out(1)).toBe(16990)
      expect(await out({ db: 'd' })).toBe(40414)
      expect(await out({ db: 'd', coll: 'c', mode: 'x' })).toBe(40415)
      expect(await out({ db: 'd', coll: 'c', timeseries: { timeField: 't' } })).toBe(238)
      expect(await out('system.views')).toBe(17385)
      expect(await out({ db: 'config', coll: 'c' })).toBe(31321)
      expect(await out('a$b')).toBe(73)
      expect(await code(run(db, [{ $out: 'target' }]))).toBe(73)
      expect(await code(db.command({ aggregate: 'restaurants', pipeline: [{ $out: 'x' }] }))).toBe(9)
    })
  })

  describe('$merge', () => {
    test('merges fields, and inserts what is missing, telling each document', async () => {
      const { restaurants, target } = await place()
      await target.insertMany([{ _id: 2, cuisine: 'Asian', stars: 1 }, { _id: 9 }] as Document[])
      const stream = await guide.watch(target.watch())
      expect(await run(restaurants, [{ $merge: 'target' }])).toEqual([])
      expect(await all(target)).toEqual([
        rows[0],
        { _id: 2, cuisine: 'Asian', stars: 4, name: 'Wild Asia' },
        rows[2],
        { _id: 9 },
      ])
      const [inserted, updated] = await stream.take(2)
      expect(inserted).toMatchObject({ operationType: 'insert', fullDocument: rows[0] })
      expect(updated).toMatchObject({
        operationType: 'update',
        documentKey: { _id: 2 },
        updateDescription: { updatedFields: { stars: 4, name: 'Wild Asia' }, removedFields: [] },
      })
    })

    test('makes the target, also in another database', async () => {
      const { db, restaurants, target } = await place()
      await run(restaurants, [{ $merge: { into: 'target' } }])
      expect(await all(target)).toEqual(rows)
      const other = guide.client.db(`${db.databaseName}_merged`)
      await run(restaurants, [{ $merge: { into: { db: other.databaseName, coll: 'there' } } }])
      expect(await all(other.collection('there'))).toEqual(rows)
    })

    const modes: [Document, Document[] | number][] = [
      [{ whenMatched: 'replace' }, [rows[0] as Document, rows[1] as Document, rows[2] as Document]],
      [{ whenMatched: 'keepExisting' }, [rows[0] as Document, { _id: 2, old: 1 }, rows[2] as Document]],
      [{ whenMatched: 'fail' }, 11000],
      [{ whenMatched: 'replace', whenNotMatched: 'discard' }, [rows[1] as Document]],
      [{ whenMatched: 'merge', whenNotMatched: 'discard' }, [{ _id: 2, old: 1, name: 'Wild Asia', stars: 4 }]],
      [{ whenMatched: 'merge', whenNotMatched: 'fail' }, 13113],
      [
        { whenMatched: [{ $set: { was: '$old', now: '$$new.stars' } }], whenNotMatched: 'discard' },
        [{ _id: 2, old: 1, was: 1, now: 4 }],
      ],
      [
        { whenMatched: [{ $set: { n: '$$twice' } }], let: { twice: { $multiply: [2, '$stars'] } } },
        [rows[0] as Document, { _id: 2, old: 1, n: 8 }, rows[2] as Document],
      ],
    ]
    test.each(modes)('%j', async (mode, expected) => {
      const { restaurants, target } = await place()
      await target.insertOne({ _id: 2, old: 1 } as Document)
      const merging = run(restaurants, [{ $merge: { into: 'target', ...mode } }])
      if (typeof expected === 'number') expect(await code(merging)).toBe(expected)
      else {
        await merging
        expect(await all(target)).toEqual(expected)
      }
    })

    test('finds documents by other fields that are unique, and leaves their _id', async () => {
      const { restaurants, target } = await place()
      const merge = (on: unknown, more: Document = {}) =>
        run(restaurants, [{ $unset: '_id' }, { $merge: { into: 'target', on, ...more } }])
      expect(await code(merge('name'))).toBe(51183)
      await target.createIndex({ name: 1, stars: 1 }, { unique: true })
      expect(await code(merge('name'))).toBe(51183)
      await target.createIndex({ name: 1 }, { unique: true, name: 'partial', partialFilterExpression: { stars: 1 } })
      expect(await code(merge('name'))).toBe(51183)
      await target.dropIndex('partial')
      await target.createIndex({ name: 1 }, { unique: true })
      await target.insertOne({ _id: 'w', name: 'Wild Asia', old: true } as Document)
      await merge('name', { whenMatched: 'replace', whenNotMatched: 'discard' })
      expect(await all(target)).toEqual([{ _id: 'w', name: 'Wild Asia', stars: 4 }])
      await merge(['stars', 'name'])
      expect(await target.countDocuments()).toBe(3)
      const wrong = run(restaurants, [{ $set: { _id: 'new' } }, { $merge: { into: 'target', on: 'name' } }])
      await expect(wrong).rejects.toMatchObject({ code: 66, message: expect.stringContaining('did you attempt') })
    })

    test('fields to find by are neither missing nor arrays', async () => {
      const { restaurants, target } = await place()
      await target.createIndex({ a: 1 }, { unique: true })
      const merge = (a: unknown) =>
        code(run(restaurants, [{ $project: { a } }, { $merge: { into: 'target', on: 'a' } }]))
      expect(await merge('$nothing')).toBe(51132)
      expect(await merge({ $literal: null })).toBe(51132)
      expect(await merge(['$stars'])).toBe(51185)
    })

    test('may write what it reads, each document once', async () => {
      const { restaurants } = await place()
      const stages = [{ $set: { _id: { $add: ['$_id', 100] } } }, { $merge: { into: 'restaurants' } }]
      await run(restaurants, stages)
      expect((await all(restaurants)).map(({ _id }) => _id)).toEqual([1, 2, 3, 101, 102, 103])
      await run(restaurants, [{ $set: { stars: 0 } }, { $merge: { into: 'restaurants' } }])
      expect(await restaurants.countDocuments({ stars: 0 })).toBe(6)
    })

    test('what comes before a document that is refused is written', async () => {
      const { db, restaurants, target } = await place()
      await db.createCollection('target', { validator: { stars: { $ne: 4 } } })
      expect(await code(run(restaurants, [{ $merge: 'target' }]))).toBe(121)
      expect(await all(target)).toEqual([rows[0]])
      await run(restaurants, [{ $merge: 'target' }], { bypassDocumentValidation: true })
      expect(await all(target)).toEqual(rows)
    })

    test('a duplicate key is told as an insert tells it', async () => {
      const { restaurants, target } = await place()
      await target.insertOne({ _id: 2 } as Document)
      const merging = run(restaurants, [{ $merge: { into: 'target', whenMatched: 'fail' } }])
      await expect(merging).rejects.toMatchObject({ keyPattern: { _id: 1 }, keyValue: { _id: 2 } })
    })

    test('refuses what it cannot be', async () => {
      const { db, restaurants } = await place()
      await db.createCollection('view', { viewOn: 'restaurants', pipeline: [] })
      const merge = (spec: unknown, ...more: Document[]) => code(run(restaurants, [{ $merge: spec }, ...more]))
      const target = (fields: Document) => merge({ into: 'target', ...fields })
      expect(await merge(1)).toBe(14)
      expect(await merge({})).toBe(40414)
      expect(await merge({ into: 1 })).toBe(51178)
      expect(await merge('view')).toBe(166)
      expect(await merge('system.views')).toBe(31319)
      expect(await merge({ into: { db: 'admin', coll: 'c' } })).toBe(31320)
      expect(await merge('')).toBe(73)
      expect(await merge('target', { $match: {} })).toBe(40601)
      expect(await target({ unknown: 1 })).toBe(40415)
      expect(await target({ on: 1 })).toBe(51186)
      expect(await target({ on: [] })).toBe(51187)
      expect(await target({ on: [1] })).toBe(51134)
      expect(await target({ on: ['a', 'a'] })).toBe(31465)
      expect(await target({ whenMatched: 1 })).toBe(51191)
      expect(await target({ whenMatched: 'other' })).toBe(2)
      expect(await target({ whenNotMatched: 'other' })).toBe(2)
      expect(await target({ whenMatched: 'fail', whenNotMatched: 'discard' })).toBe(51181)
      expect(await target({ let: { a: 1 } })).toBe(51199)
      expect(await target({ whenMatched: [], let: { new: 1 } })).toBe(51273)
      expect(await target({ whenMatched: [], let: { A: 1 } })).toBe(9)
      expect(await target({ whenMatched: [{ $match: {} }] })).toBe(72)
      expect(await target({ whenMatched: [{ $set: { a: '$$nobody' } }] })).toBe(17276)
    })
  })

  test.each(['$out', '$merge'])('%s stands in no transaction, view or stream, and reads no snapshot', async name => {
    const { db, restaurants } = await place()
    const stage = { [name]: 'target' }
    const session = guide.client.startSession()
    session.startTransaction()
    expect(await code(run(restaurants, [stage], { session }))).toBe(263)
    await session.endSession()
    expect(await code(db.createCollection('v', { viewOn: 'restaurants', pipeline: [stage] }))).toBe(167)
    const command = { aggregate: 'restaurants', cursor: {} }
    expect(await code(db.command({ ...command, pipeline: [{ $changeStream: {} }, stage] }))).toBe(20)
    for (const level of ['linearizable', 'snapshot']) {
      expect(await code(db.command({ ...command, pipeline: [stage], readConcern: { level } }))).toBe(72)
    }
    expect(await code(restaurants.updateOne({}, [stage] as Document[]))).toBe(72)
    expect(await db.listCollections({ name: 'target' }).toArray()).toEqual([])
  })

  test.each(['$out', '$merge'])('%s writes from a view, with a write concern and documents of its own', async name => {
    const { db, target } = await place()
    await db.createCollection('view', { viewOn: 'restaurants', pipeline: [{ $match: { stars: 5 } }] })
    const writeConcern = { w: 'majority' as const }
    await run(db.collection('view'), [{ [name]: 'target' }], { writeConcern, readPreference: 'secondaryPreferred' })
    expect(await all(target)).toEqual([rows[2]])
    await run(db, [{ $documents: [{ _id: 8 }] }, { [name]: 'made' }])
    expect(await all(db.collection('made'))).toEqual([{ _id: 8 }])
  })

  test.each(['$out', '$merge'])('%s is stopped by its time limit', async name => {
    const { db, target } = await place()
    const many = { $documents: { $map: { input: { $range: [0, 300_000] }, in: { _id: '$$this' } } } }
    expect(await code(run(db, [many, { [name]: 'target' }], { maxTimeMS: 300 }))).toBe(50)
    expect(await target.countDocuments()).toBeLessThan(300_000)
    const names = (await db.listCollections().toArray()).map(({ name: coll }) => coll)
    expect(names.filter(coll => coll.startsWith('tmp.'))).toEqual([])
  })

  test.each(['$out', '$merge'])('%s is explained and not run', async name => {
    const { db, restaurants } = await place()
    const stages = [{ $match: { _id: 1 } }, { $project: { a: 1 } }, { [name]: 'target' }]
    const explained = await restaurants.aggregate(stages).explain('queryPlanner')
    expect(explained).toMatchObject({
      stages: [{ $cursor: { queryPlanner: { winningPlan: { stage: 'IDHACK' } } } }, { $project: { a: 1 } }, stages[2]],
    })
    expect(await db.listCollections({ name: 'target' }).toArray()).toEqual([])
  })
})
