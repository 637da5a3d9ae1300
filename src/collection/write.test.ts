/** Writes, one claim each, on the memory engine. */
import { deserialize, Long, type Document } from 'bson'
import { expect, test } from 'vitest'
import { systemEnv } from '../base/env.ts'
import { Pace } from '../base/pace.ts'
import { createCollection, renameCollection } from './ddl.ts'
import { createIndexes, dropIndexes } from './indexes.ts'
import { deleteAll, deleteFirst, updateAll, updateFirst } from './modify.ts'
import { everything, readDocuments } from './read.ts'
import { bytes, entriesOf, insert, openStore, statement, things, updateStatement } from './store.suite.ts'
import type { Store } from './store.ts'

async function documents(store: Store): Promise<Document[]> {
  const found: Document[] = []
  for await (const { document } of readDocuments(store, things, everything, { pace: new Pace(systemEnv) })) {
    found.push(deserialize(document))
  }
  return found
}

const operations = async (store: Store) => (await entriesOf(store)).map(({ op }) => op).join('')
const unique = (path: string, more: Document = {}) =>
  bytes({ v: 2, key: { [path]: 1 }, name: `${path}_1`, unique: true, ...more })
const build = (store: Store, spec: Uint8Array) => createIndexes(store, things, [spec], new Pace(systemEnv))

test('a first insert creates the collection, in the same commit and before the document', async () => {
  const store = await openStore()
  await insert(store, [{ _id: 1 }])
  const entries = await store.engine.log.readAfter({ time: 0n, index: 0 }, { bytesMax: Infinity })
  expect(new Set(entries.map(({ position }) => position.time)).size).toBe(1)
  expect(await operations(store)).toBe('ci')
})

test('an _id is unique across number types', async () => {
  const store = await openStore()
  const { insertedCount, writeErrors } = await insert(store, [{ _id: 1 }, { _id: Long.fromNumber(1) }], {
    ordered: false,
  })
  expect(insertedCount).toBe(1)
  expect(writeErrors[0]?.error).toMatchObject({
    codeName: 'DuplicateKey',
    message: 'E11000 duplicate key error collection: shop.things index: _id_ dup key: { _id: 1 }',
  })
})

test('an ordered insert stops at the first refusal, an unordered one goes on', async () => {
  const rows = [{ _id: 1 }, { _id: 1 }, { _id: 2 }]
  const ordered = await openStore()
  expect((await insert(ordered, rows)).insertedCount).toBe(1)
  const unordered = await openStore()
  expect((await insert(unordered, rows, { ordered: false })).insertedCount).toBe(2)
})

test('the _id is put in front, and made when there is none', async () => {
  const store = await openStore()
  await insert(store, [{ a: 1, _id: 5 }, { b: 2 }])
  const found = await documents(store)
  expect(Object.keys(found[0] ?? {})).toEqual(['_id', 'a'])
  expect(found[1]?.['_id']?.constructor.name).toBe('ObjectId')
})

test('an _id that cannot be one is refused, and the others are inserted', async () => {
  const store = await openStore()
  const { insertedCount, writeErrors } = await insert(store, [{ _id: [1] }, { _id: /x/ }, { _id: 1 }], {
    ordered: false,
  })
  expect(insertedCount).toBe(1)
  expect(writeErrors.map(({ error }) => error.codeName)).toEqual(['InvalidIdField', 'InvalidIdField'])
})

test('an update that changes nothing writes nothing and tells nothing', async () => {
  const store = await openStore()
  await insert(store, [{ _id: 1, n: 5 }])
  const outcome = await updateFirst(store, updateStatement({ $set: { n: 5 } }, { filter: { _id: 1 } }))
  expect(outcome).toMatchObject({ matchedCount: 1, modifiedCount: 0 })
  expect(await operations(store)).toBe('ci')
})

test('an upsert inserts when nothing matches and updates when something does', async () => {
  const store = await openStore()
  const upsert = updateStatement({ $inc: { n: 1 } }, { filter: { name: 'x' }, upsert: true })
  const first = await updateFirst(store, upsert)
  const second = await updateFirst(store, upsert)
  expect(first.upsertedId).toBeDefined()
  expect(second).toMatchObject({ matchedCount: 1, modifiedCount: 1, upsertedId: undefined })
  expect(await documents(store)).toMatchObject([{ name: 'x', n: 2 }])
})

test('concurrent updates of one document found by a scan all count', async () => {
  const store = await openStore()
  await insert(store, [{ _id: 1, name: 'x', n: 0 }])
  const increment = updateStatement({ $inc: { n: 1 } }, { filter: { name: 'x' } })
  await Promise.all(Array.from({ length: 50 }, () => updateFirst(store, increment)))
  expect(await documents(store)).toMatchObject([{ n: 50 }])
})

test('a job is taken by one worker only', async () => {
  const store = await openStore()
  await insert(
    store,
    [1, 2, 3].map(_id => ({ _id, state: 'new' })),
  )
  const take = updateStatement({ $set: { state: 'taken' } }, { filter: { state: 'new' }, keepsValue: 'before' })
  const taken = await Promise.all(Array.from({ length: 6 }, () => updateFirst(store, take)))
  const ids = taken.flatMap(({ value }) => (value === undefined ? [] : [deserialize(value)['_id']]))
  expect(new Set(ids)).toEqual(new Set([1, 2, 3]))
  expect(ids).toHaveLength(3)
})

test('update many and delete many reach every match and nothing else', async () => {
  const store = await openStore()
  await insert(
    store,
    Array.from({ length: 2500 }, (_, _id) => ({ _id, odd: _id % 2 === 1 })),
  )
  const updated = await updateAll(store, updateStatement({ $set: { seen: true } }, { filter: { odd: true } }))
  expect(updated).toMatchObject({ matchedCount: 1250, modifiedCount: 1250 })
  const deleted = await deleteAll(store, statement({ filter: { seen: true } }))
  expect(deleted.matchedCount).toBe(1250)
  expect((await documents(store)).every(({ odd }) => odd === false)).toBe(true)
})

test('a pre-image is kept only where the collection keeps images', async () => {
  const store = await openStore()
  await createCollection(store, things, { changeStreamPreAndPostImages: { enabled: true } })
  await insert(store, [{ _id: 1, n: 1 }])
  await insert(store, [{ _id: 1, n: 1 }], { namespace: { db: 'shop', coll: 'other' } })
  await updateFirst(store, updateStatement({ $set: { n: 2 } }, { filter: { _id: 1 } }))
  await deleteFirst(store, statement({ filter: { _id: 1 }, namespace: { db: 'shop', coll: 'other' } }))
  const [update, remove] = (await entriesOf(store)).filter(({ op }) => op === 'u' || op === 'd')
  expect(update?.preImage && deserialize(update.preImage)).toEqual({ _id: 1, n: 1 })
  expect(remove?.preImage).toBeUndefined()
})

test('a unique index holds for inserts, updates and documents of one command', async () => {
  const store = await openStore()
  await insert(store, [{ _id: 1, mail: 'a' }])
  await build(store, unique('mail'))
  const { writeErrors } = await insert(
    store,
    [
      { _id: 2, mail: 'a' },
      { _id: 3, mail: 'b' },
      { _id: 4, mail: 'b' },
    ],
    { ordered: false },
  )
  expect(writeErrors.map(({ index }) => index)).toEqual([0, 2])
  const collide = updateFirst(store, updateStatement({ $set: { mail: 'a' } }, { filter: { _id: 3 } }))
  await expect(collide).rejects.toMatchObject({ codeName: 'DuplicateKey' })
  await updateFirst(store, updateStatement({ $set: { mail: 'c' } }, { filter: { _id: 1 } }))
  expect((await insert(store, [{ _id: 5, mail: 'a' }])).insertedCount).toBe(1)
})

test('a unique index sees each item of an array, and a missing field as null', async () => {
  const store = await openStore()
  await build(store, unique('tags'))
  await insert(store, [{ _id: 1, tags: ['x', 'y'] }, { _id: 2 }])
  expect((await insert(store, [{ _id: 3, tags: 'y' }])).insertedCount).toBe(0)
  expect((await insert(store, [{ _id: 4, tags: null }])).insertedCount).toBe(0)
})

test('a sparse unique index leaves documents without the field alone', async () => {
  const store = await openStore()
  await build(store, unique('code', { sparse: true }))
  expect((await insert(store, [{ _id: 1 }, { _id: 2 }])).insertedCount).toBe(2)
})

test('a unique index over documents that collide is refused and leaves nothing', async () => {
  const store = await openStore()
  await insert(store, [
    { _id: 1, n: 1 },
    { _id: 2, n: 1 },
  ])
  await expect(build(store, unique('n'))).rejects.toMatchObject({ codeName: 'DuplicateKey' })
  expect(await operations(store)).toBe('cii')
  expect((await insert(store, [{ _id: 3, n: 1 }])).insertedCount).toBe(1)
})

test('a write beside an index build is refused or seen, never overlooked', async () => {
  const store = await openStore()
  await insert(
    store,
    Array.from({ length: 2000 }, (_, _id) => ({ _id, n: _id })),
  )
  const [built, colliding] = await Promise.allSettled([
    build(store, unique('n')),
    insert(store, [{ _id: 'late', n: 1999 }]),
  ])
  const inserted = colliding.status === 'fulfilled' ? colliding.value.insertedCount : 0
  expect(built.status === 'fulfilled' ? 1 : 0).toBe(1 - inserted)
})

test('a collection is not renamed away from an index build, which would leave its index unfinished for good', async () => {
  const store = await openStore()
  await insert(
    store,
    Array.from({ length: 2000 }, (_, _id) => ({ _id, n: _id })),
  )
  const building = build(store, unique('n'))
  await store.env.yieldTurn()
  const target = { ...things, coll: 'renamed' }
  await expect(renameCollection(store, things, target, { dropTarget: false })).rejects.toMatchObject({
    code: 12587,
    codeName: 'BackgroundOperationInProgressForNamespace',
  })
  await building
  await renameCollection(store, things, target, { dropTarget: false })
})

test('a dropped index holds no more', async () => {
  const store = await openStore()
  await build(store, unique('n'))
  await insert(store, [{ _id: 1, n: 1 }])
  await dropIndexes(store, things, { names: ['n_1'] })
  expect((await insert(store, [{ _id: 2, n: 1 }])).insertedCount).toBe(1)
})

test('a validator refuses documents, and a moderate one lets old ones be', async () => {
  const store = await openStore()
  await insert(store, [{ _id: 0, n: 'old' }])
  const namespace = { db: 'shop', coll: 'checked' }
  await createCollection(store, namespace, { validator: bytes({ n: { $type: 'int' } }), validationLevel: 'moderate' })
  const { writeErrors } = await insert(store, [{ _id: 1, n: 'x' }], { namespace })
  expect(writeErrors[0]?.error.codeName).toBe('DocumentValidationFailure')
})

test('a repeated insertMany is answered from the record', async () => {
  const store = await openStore()
  const retryable = { lsid: new Uint8Array(16), txnNumber: 3n }
  const rows = [{ _id: 1 }, { _id: 2 }]
  await insert(store, rows, { retryable })
  expect(await insert(store, rows, { retryable })).toMatchObject({
    insertedCount: 2,
    writeErrors: [],
    retriedIds: [0, 1],
  })
  await expect(insert(store, rows, { retryable: { ...retryable, txnNumber: 2n } })).rejects.toMatchObject({
    codeName: 'TransactionTooOld',
  })
})

test('a document with an _id longer than a key can be is found by it', async () => {
  const store = await openStore()
  const long = 'x'.repeat(5000)
  await insert(store, [{ _id: `${long}a` }, { _id: `${long}b` }])
  const outcome = await updateFirst(store, updateStatement({ $set: { n: 1 } }, { filter: { _id: `${long}b` } }))
  expect(outcome.matchedCount).toBe(1)
  expect((await documents(store)).length).toBe(2)
})

test('a unique index over two fields of an array compares the pairs of its items, and no others', async () => {
  const store = await openStore()
  await build(store, bytes({ v: 2, key: { 'a.x': 1, 'a.y': 1 }, name: 'pairs', unique: true }))
  const first = {
    _id: 1,
    a: [
      { x: 1, y: 2 },
      { x: 3, y: 4 },
    ],
  }
  const crossed = { _id: 2, a: [{ x: 1, y: 4 }] }
  expect((await insert(store, [first, crossed])).writeErrors).toEqual([])
  const { writeErrors } = await insert(store, [{ _id: 3, a: [{ x: 3, y: 4 }] }])
  expect(writeErrors[0]?.error.codeName).toBe('DuplicateKey')
})

test('indexes of one command are one entry where there are documents, and one each where there are none', async () => {
  const plain = (path: string) => bytes({ v: 2, key: { [path]: 1 }, name: `${path}_1` })
  const logged = async (documents: Document[], specs: Uint8Array[]) => {
    const store = await openStore()
    if (documents.length > 0) await insert(store, documents)
    await createIndexes(store, things, specs, new Pace(systemEnv))
    const commands = (await entriesOf(store)).filter(({ op }) => op === 'c').map(({ o }) => deserialize(o))
    return commands
      .slice(1)
      .map(({ createIndexes: coll, commitIndexBuild: built, indexes, name }) =>
        built === undefined ? [coll, name] : [built, indexes.map((index: Document) => index['name'])],
      )
  }
  const one = [['things', ['a_1', 'b_1']]]
  const each = [
    ['things', 'a_1'],
    ['things', 'b_1'],
  ]
  expect(await logged([{ _id: 1 }], [plain('a'), plain('b')])).toEqual(one)
  expect(await logged([{ _id: 1, b: 1 }], [plain('a'), unique('b')])).toEqual(one)
  expect(await logged([], [plain('a'), plain('b')])).toEqual(each)
  expect(await logged([], [plain('a'), unique('b')])).toEqual(each)
  expect(await logged([{ _id: 1 }], [plain('a'), plain('a')])).toEqual([['things', ['a_1']]])
})

test('of the indexes of one command all come or none', async () => {
  const store = await openStore()
  await insert(store, [
    { _id: 1, n: 1, m: 1 },
    { _id: 2, n: 2, m: 1 },
  ])
  const specs = [unique('n'), unique('m'), bytes({ v: 2, key: { a: 1 }, name: 'a_1' })]
  const built = createIndexes(store, things, specs, new Pace(systemEnv))
  await expect(built).rejects.toMatchObject({ codeName: 'DuplicateKey' })
  expect((await entriesOf(store)).filter(({ op }) => op === 'c')).toHaveLength(1)
  await insert(store, [{ _id: 3, n: 1, m: 1 }])
})
