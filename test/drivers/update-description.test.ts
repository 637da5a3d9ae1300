/**
 * updateDescription as a driver gets it: of every case of every operator, to the types and the order of fields, with the images on
 * both sides; and of update pipelines.
 */
import { calculateObjectSize } from 'bson'
import { type Collection, type Document, MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, open } from '../../src/index.ts'
import { operatorCases } from '../../src/update/operators.suite.ts'
import { textOf } from '../../src/update/update.suite.ts'
import { Watched } from './watched.ts'

let database: Database
let client: MongoClient
let collection: Collection<Document>
let stream: Watched
let count = 0

beforeAll(async () => {
  database = await open()
  client = await new MongoClient(database.uri, { promoteValues: false }).connect()
  const db = client.db('d')
  collection = await db.createCollection('c', { changeStreamPreAndPostImages: { enabled: true } })
  const images = { fullDocument: 'required', fullDocumentBeforeChange: 'required', showExpandedEvents: true }
  stream = await Watched.open(db.watch([{ $match: { operationType: { $ne: 'delete' } } }], images))
})

afterAll(async () => {
  await stream.stream.close()
  await client.close()
  await database.close()
})

/** The event of an update of this document; undefined when there is none. */
async function eventOf(before: Document, update: Document, options: Document = {}, filter: Document = {}) {
  await collection.deleteMany({})
  await collection.insertOne(before)
  await collection.updateOne(filter, update, options)
  const marker = `marker ${count++}`
  await collection.insertOne({ _id: marker } as Document)
  await stream.next()
  const event = await stream.next()
  if (event['operationType'] === 'insert') {
    expect(event['documentKey']._id).toBe(marker)
    return undefined
  }
  expect((await stream.next())['documentKey']._id).toBe(marker)
  return event
}

const identified = (document: Document): Document => ('_id' in document ? document : { _id: 1, ...document })

// The time of a server is its own, and a filter cannot choose among equal items.
const told = operatorCases.filter(
  ([claim, before]) => !claim.startsWith('$currentDate') && JSON.stringify(before) !== '{"a":[{},{}]}',
)

for (const [claim, before, update, after, , description, options = {}] of told) {
  test(claim, async () => {
    const { arrayFilters, arrayIndex } = options
    const filter = arrayIndex === undefined ? {} : { a: before['a'][arrayIndex] }
    const event = await eventOf(identified(before), update, arrayFilters && { arrayFilters }, filter)
    if (after === 'same' || typeof description === 'string') return expect(event).toBeUndefined()
    expect(event).toMatchObject({ operationType: 'update' })
    const { updatedFields = {}, removedFields = [], truncatedArrays = [], disambiguatedPaths = {} } = description
    expect(textOf(event?.['updateDescription'])).toBe(
      textOf({ updatedFields, removedFields, truncatedArrays, disambiguatedPaths }),
    )
    expect(textOf(event?.['fullDocument'])).toBe(textOf(identified(after)))
    expect(textOf(event?.['fullDocumentBeforeChange'])).toBe(textOf(identified(before)))
  })
}

test('$currentDate tells the time that it was', async () => {
  const event = await eventOf({ _id: 1 }, { $currentDate: { at: true, stamp: { $type: 'timestamp' } } })
  expect(event?.['updateDescription'].updatedFields).toEqual({
    at: event?.['fullDocument'].at,
    stamp: event?.['fullDocument'].stamp,
  })
})

const z = 'x'.repeat(200)

test.each<[what: string, before: Document, stages: Document[], description: Document]>([
  ['a field', { a: 1, z }, [{ $set: { a: 2 } }], { updatedFields: { a: 2 } }],
  ['a field that went', { a: 1, z }, [{ $unset: 'a' }], { removedFields: ['a'] }],
  [
    'a shorter array',
    { a: [z, 1, 2], z },
    [{ $set: { a: { $slice: ['$a', 1] } } }],
    { truncatedArrays: [{ field: 'a', newSize: 1 }] },
  ],
  [
    'a shorter array with another item',
    { a: [0, z, 1, 2], z },
    [{ $set: { a: [5, z] } }],
    { updatedFields: { 'a.0': 5 }, truncatedArrays: [{ field: 'a', newSize: 2 }] },
  ],
  [
    'a longer array',
    { a: [z], z },
    [{ $set: { a: { $concatArrays: ['$a', [1, 2]] } } }],
    { updatedFields: { 'a.1': 1, 'a.2': 2 } },
  ],
  [
    'an array in an array',
    { a: [[z, 1, 2]], z },
    [{ $set: { a: [[z]] } }],
    { truncatedArrays: [{ field: 'a.0', newSize: 1 }] },
  ],
  ['inside a document', { a: { b: 1, z }, z }, [{ $set: { 'a.b': 2 } }], { updatedFields: { 'a.b': 2 } }],
  ['a short document as a whole', { a: { b: 1 }, z }, [{ $set: { 'a.b': 2 } }], { updatedFields: { a: { b: 2 } } }],
  [
    'a number as a name',
    { a: { 0: z, 1: 1 }, z },
    [{ $set: { a: { 0: z } } }, { $unset: 'a.1' }],
    { removedFields: ['a.1'], disambiguatedPaths: { 'a.1': ['a', '1'] } },
  ],
])('a pipeline that changes %s', async (_what, before, stages, description) => {
  const event = await eventOf({ _id: 1, first: 'x'.repeat(1000), ...before }, stages)
  const { updatedFields = {}, removedFields = [], truncatedArrays = [], disambiguatedPaths = {} } = description
  expect(textOf(event?.['updateDescription'])).toBe(
    textOf({ updatedFields, removedFields, truncatedArrays, disambiguatedPaths }),
  )
})

test('a pipeline replaces a document that is no longer than its delta', async () => {
  // A delta of one number is taken to be 35 bytes.
  const filled = (bytes: number): Document => {
    const document = { _id: 1, x: 1, y: '' }
    return { ...document, y: 'y'.repeat(bytes - calculateObjectSize(document)) }
  }
  const change = [{ $set: { x: 2 } }]
  const whole = await eventOf(filled(35), change)
  expect(whole).toMatchObject({ operationType: 'replace' })
  expect(whole).not.toHaveProperty('updateDescription')
  expect(textOf(whole?.['fullDocument'])).toBe(textOf({ ...filled(35), x: 2 }))
  expect(await eventOf(filled(36), change)).toMatchObject({ operationType: 'update' })
  expect(await eventOf({ _id: 1, x: 1 }, change)).toMatchObject({ operationType: 'replace' })
})

test('a pipeline that changes nothing is no event', async () => {
  expect(await eventOf({ _id: 1, x: 1 }, [{ $set: { x: 1 } }])).toBeUndefined()
})
