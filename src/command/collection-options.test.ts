import type { Document } from 'bson'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { ask, openServices, type TestServices } from '../../test/services.ts'
import { dispatch } from './dispatch.ts'

let env: ManualEnv
let services: TestServices

beforeEach(async () => {
  env = new ManualEnv()
  services = await openServices(env)
})

afterEach(() => services.close())

const tell = (command: Document) => ask(dispatch, services, { ...command, $db: 'shop' })
const insert = (document: Document) => tell({ insert: 'c', documents: [document] })

test('a validator that only warns lets a document in and says so in the log', async () => {
  await tell({ create: 'c', validator: { n: 1 }, validationAction: 'warn' })
  expect(await insert({ _id: 7, n: 2 })).toMatchObject({ n: 1 })
  expect(await insert({ _id: 8, n: 1 })).toMatchObject({ n: 1 })
  await tell({ update: 'c', updates: [{ q: { _id: 8 }, u: { $set: { n: 3 } } }] })
  const lines = services.log.lines.filter(({ message }) => message === 'Document would fail validation')
  expect(lines.map(({ fields }) => fields)).toEqual([
    { namespace: 'shop.c', id: '7' },
    { namespace: 'shop.c', id: '8' },
  ])
  await tell({ collMod: 'c', validationAction: 'error' })
  expect(await insert({ _id: 9 })).toMatchObject({ writeErrors: [{ code: 121 }] })
})

test('an action of later servers is refused by its name', async () => {
  expect(await tell({ create: 'c', validationAction: 'errorAndLog' })).toMatchObject({
    code: 2,
    errmsg: expect.stringContaining("'errorAndLog'"),
  })
})

test('a validator may compare fields with $expr, and with the time of each write', async () => {
  await tell({ create: 'c', validator: { $expr: { $lt: ['$from', '$to'] } } })
  expect(await insert({ from: 1, to: 2 })).toMatchObject({ n: 1 })
  expect(await insert({ from: 2, to: 1 })).toMatchObject({ writeErrors: [{ code: 121 }] })
  await tell({ collMod: 'c', validator: { $expr: { $lte: ['$at', '$$NOW'] } } })
  const at = new Date(env.wallMs() + 1000)
  expect(await insert({ at })).toMatchObject({ writeErrors: [{ code: 121 }] })
  await env.advance(1000)
  expect(await insert({ at })).toMatchObject({ n: 1 })
})

const optionsOf = async (name: string): Promise<Document> => {
  const { cursor } = await tell({ listCollections: 1, filter: { name } })
  return cursor.firstBatch[0].options
}

test("images are shown while they are kept, and in MongoDB's place", async () => {
  const changeStreamPreAndPostImages = { enabled: false }
  await tell({ create: 'c', validator: {}, changeStreamPreAndPostImages })
  expect(await optionsOf('c')).toEqual({})
  await tell({ collMod: 'c', validator: { n: 1 } })
  await tell({ collMod: 'c', changeStreamPreAndPostImages: { enabled: true } })
  expect(Object.keys(await optionsOf('c'))).toEqual([
    'changeStreamPreAndPostImages',
    'validator',
    'validationLevel',
    'validationAction',
  ])
  await tell({ collMod: 'c', changeStreamPreAndPostImages, validator: {} })
  expect(await optionsOf('c')).toEqual({ validationLevel: 'strict', validationAction: 'error' })
})

test('collMod spells out what was not said of validation; create does not', async () => {
  await tell({ create: 'c', validator: { n: 1 } })
  expect(await optionsOf('c')).toEqual({ validator: { n: 1 } })
  await tell({ collMod: 'c', validationLevel: 'moderate' })
  const rest = { validationLevel: 'moderate', validationAction: 'error' }
  expect(await optionsOf('c')).toEqual({ validator: { n: 1 }, ...rest })
})

test('collMod answers with what it changed of an index, and what that was', async () => {
  await tell({ createIndexes: 'c', indexes: [{ key: { at: 1 }, name: 'at', expireAfterSeconds: 10 }] })
  const modify = async (index: Document) => {
    const {
      ok,
      $clusterTime: _,
      operationTime: __,
      ...told
    } = await tell({ collMod: 'c', index: { name: 'at', ...index } })
    expect(ok).toBe(1)
    return Object.entries(told).map(([name, value]) => `${name}: ${value}`)
  }
  expect(await modify({ hidden: false })).toEqual([])
  expect(await modify({ hidden: true })).toEqual(['hidden_old: false', 'hidden_new: true'])
  expect(await modify({ hidden: true, expireAfterSeconds: 20 })).toEqual([
    'expireAfterSeconds_old: 10',
    'expireAfterSeconds_new: 20',
  ])
  expect(await modify({ hidden: false, expireAfterSeconds: 30 })).toEqual([
    'expireAfterSeconds_old: 20',
    'expireAfterSeconds_new: 30',
    'hidden_old: true',
    'hidden_new: false',
  ])
  const { cursor } = await tell({ listIndexes: 'c' })
  expect(cursor.firstBatch[1]).not.toHaveProperty('hidden')
})

test('a validator that is none is refused when it is given', async () => {
  expect(await tell({ create: 'c', validator: { $expr: { $noSuch: 1 } } })).toMatchObject({ ok: 0 })
  expect(await tell({ create: 'c', validator: { $expr: '$$undefined' } })).toMatchObject({ ok: 0 })
})

test('lists of collections and of databases are filtered by $expr too', async () => {
  for (const create of ['abc', 'abcd']) await tell({ create })
  const filter = { $expr: { $gt: [{ $strLenCP: '$name' }, 3] } }
  const { cursor } = await tell({ listCollections: 1, filter })
  expect(cursor.firstBatch).toMatchObject([{ name: 'abcd' }])
  const { databases } = await ask(dispatch, services, {
    listDatabases: 1,
    filter: { $expr: { $eq: ['$name', 'shop'] } },
  })
  expect(databases).toMatchObject([{ name: 'shop' }])
})
