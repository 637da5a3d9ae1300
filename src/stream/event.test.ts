/** The fields of events, in the server's order. Source: MongoDB, change_stream_event_transform and its tests. */
import { Binary, type Document, Timestamp } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Bench, openBench, Reader } from './streams.suite.ts'

let bench: Bench

beforeEach(async () => {
  bench = await openBench()
  await bench.command({ create: 'c', $db: 'd', changeStreamPreAndPostImages: { enabled: true } })
})

afterEach(() => bench.close())

const shapes = {
  plain: {},
  expanded: { showExpandedEvents: true },
  images: { fullDocument: 'required', fullDocumentBeforeChange: 'required' },
}

/** What a stream on the database tells of what the commands did. */
async function told(stage: Document, ...commands: readonly Document[]): Promise<Document[]> {
  const reader = new Reader(bench, { scope: 'd', stage })
  for (const command of commands) await bench.command({ ...command, $db: 'd' })
  return reader.drain()
}

const fieldsOf = (events: readonly Document[]) => events.map(event => Object.keys(event).join(' '))

const insert = { insert: 'c', documents: [{ _id: 1, x: 1 }] }
const update = { update: 'c', updates: [{ q: { _id: 1 }, u: { $set: { x: 2 } } }] }
const replace = { update: 'c', updates: [{ q: { _id: 1 }, u: { x: 3 } }] }
const remove = { delete: 'c', deletes: [{ q: { _id: 1 }, limit: 1 }] }
const index = { createIndexes: 'c', indexes: [{ key: { x: 1 }, name: 'x_1' }] }
const unindex = { dropIndexes: 'c', index: 'x_1' }
const modify = { collMod: 'c', validator: { x: 1 } }
const rename = { renameCollection: 'd.c', to: 'd.t' }

test('documents', async () => {
  expect(fieldsOf(await told(shapes.plain, insert, update, replace, remove))).toEqual([
    '_id operationType clusterTime wallTime fullDocument ns documentKey',
    '_id operationType clusterTime wallTime ns documentKey updateDescription',
    '_id operationType clusterTime wallTime fullDocument ns documentKey',
    '_id operationType clusterTime wallTime ns documentKey',
  ])
})

test('documents with images', async () => {
  expect(fieldsOf(await told(shapes.images, insert, update, replace, remove))).toEqual([
    '_id operationType clusterTime wallTime fullDocument ns documentKey',
    '_id operationType clusterTime wallTime fullDocument ns documentKey updateDescription fullDocumentBeforeChange',
    '_id operationType clusterTime wallTime fullDocument ns documentKey fullDocumentBeforeChange',
    '_id operationType clusterTime wallTime ns documentKey fullDocumentBeforeChange',
  ])
})

test('expanded events', async () => {
  const create = { create: 'u' }
  const drop = { drop: 'u' }
  const events = await told(shapes.expanded, create, index, modify, unindex, update, drop)
  expect(fieldsOf(events)).toEqual([
    '_id operationType clusterTime collectionUUID wallTime ns operationDescription nsType',
    '_id operationType clusterTime collectionUUID wallTime ns operationDescription',
    '_id operationType clusterTime collectionUUID wallTime ns operationDescription stateBeforeChange',
    '_id operationType clusterTime collectionUUID wallTime ns operationDescription',
    '_id operationType clusterTime collectionUUID wallTime ns',
  ])
  const [created, indexed, modified, unindexed] = events.map(({ operationDescription }) => operationDescription)
  expect(created).toEqual({ idIndex: { v: 2, key: { _id: 1 }, name: '_id_' } })
  expect(indexed).toEqual({ indexes: [{ v: 2, key: { x: 1 }, name: 'x_1' }] })
  expect(modified).toEqual({ validator: { x: 1 } })
  expect(unindexed).toEqual(indexed)
  expect(events[2]?.stateBeforeChange).toMatchObject({
    collectionOptions: { uuid: events[2]?.collectionUUID, changeStreamPreAndPostImages: { enabled: true } },
  })
})

test('a modified index is told with what changed of it, and what that was before', async () => {
  const setup = [insert, { createIndexes: 'c', indexes: [{ key: { x: 1 }, name: 'x_1', expireAfterSeconds: 10 }] }]
  const hide = { collMod: 'c', index: { name: 'x_1', hidden: true } }
  const both = { collMod: 'c', index: { keyPattern: { x: 1 }, hidden: false, expireAfterSeconds: 20 } }
  const events = (await told(shapes.expanded, ...setup, hide, hide, both)).slice(-3)
  const changes = events.map(({ operationDescription, stateBeforeChange }) => [operationDescription, stateBeforeChange])
  const collectionOptions = expect.anything()
  expect(changes).toEqual([
    [{ index: { name: 'x_1', hidden: true } }, { collectionOptions, indexOptions: { hidden: false } }],
    [{}, { collectionOptions }],
    [
      { index: { name: 'x_1', expireAfterSeconds: 20, hidden: false } },
      { collectionOptions, indexOptions: { expireAfterSeconds: 10, hidden: true } },
    ],
  ])
})

test('a rename has its target in front, and describes it to who wants expanded events', async () => {
  expect(fieldsOf(await told(shapes.plain, insert))).toHaveLength(1)
  const reader = new Reader(bench, { scope: 'd', stage: shapes.expanded })
  await bench.command({ create: 't', $db: 'd' })
  await bench.command({ ...rename, dropTarget: true, $db: 'admin' })
  const [created, renamed] = (await reader.drain()) as [Document, Document]
  expect(fieldsOf([renamed])).toEqual([
    'to _id operationType clusterTime collectionUUID wallTime ns operationDescription',
  ])
  expect(renamed.operationDescription).toEqual({ to: { db: 'd', coll: 't' }, dropTarget: created.collectionUUID })
})

test('the types of the fields', async () => {
  const [event] = (await told({ ...shapes.expanded }, insert)) as [Document]
  expect(event.clusterTime).toBeInstanceOf(Timestamp)
  expect(event.wallTime).toEqual(new Date(bench.env.wallMs()))
  expect(event.collectionUUID).toBeInstanceOf(Binary)
  expect(event.collectionUUID.sub_type).toBe(4)
  expect(event.ns).toEqual({ db: 'd', coll: 'c' })
})

test('disambiguatedPaths come with expanded events only', async () => {
  const nested = { update: 'c', updates: [{ q: { _id: 1 }, u: { $set: { 'a.0': 1 } } }] }
  const setup = { insert: 'c', documents: [{ _id: 1, a: { 0: 0 } }] }
  const [, plain] = (await told(shapes.plain, setup, nested)) as [Document, Document]
  expect(Object.keys(plain.updateDescription)).toEqual(['updatedFields', 'removedFields', 'truncatedArrays'])
  const back = { update: 'c', updates: [{ q: { _id: 1 }, u: { $set: { 'a.0': 2 } } }] }
  const [expanded] = (await told(shapes.expanded, back)) as [Document]
  expect(expanded.updateDescription.disambiguatedPaths).toEqual({ 'a.0': ['a', '0'] })
})

test('a dropped database names no collection and has no UUID', async () => {
  const events = await told(shapes.expanded, { dropDatabase: 1 })
  expect(fieldsOf(events)).toEqual([
    '_id operationType clusterTime collectionUUID wallTime ns',
    '_id operationType clusterTime wallTime ns',
    '_id operationType clusterTime wallTime',
  ])
  expect(events[1]?.ns).toEqual({ db: 'd' })
})
