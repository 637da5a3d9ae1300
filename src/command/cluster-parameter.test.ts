/** changeStreamOptions: how it is set and shown, and that pre-images expire by it, for streams and in config.system.preimages. */
import { Binary, type Document, Timestamp } from 'bson'
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

const reply = (document: Document) => ask(dispatch, services, document)
const setExpiry = (expireAfterSeconds: unknown) =>
  reply({ setClusterParameter: { changeStreamOptions: { preAndPostImages: { expireAfterSeconds } } } })
const shown = (expireAfterSeconds: unknown) => ({
  ok: 1,
  clusterParameters: [
    {
      _id: 'changeStreamOptions',
      clusterParameterTime: expect.any(Timestamp),
      preAndPostImages: { expireAfterSeconds },
    },
  ],
})

test('it is off until it is set, and is shown by its name, in a list and among all', async () => {
  for (const name of ['changeStreamOptions', ['changeStreamOptions'], '*']) {
    expect(await reply({ getClusterParameter: name })).toMatchObject(shown('off'))
  }
  expect(await setExpiry(100)).toMatchObject({ ok: 1 })
  for (const name of ['changeStreamOptions', ['changeStreamOptions'], '*']) {
    expect(await reply({ getClusterParameter: name })).toMatchObject(shown(100n))
  }
  const [document] = (await reply({ getClusterParameter: '*' }))['clusterParameters']
  expect(Object.keys(document)).toEqual(['_id', 'clusterParameterTime', 'preAndPostImages'])
  await setExpiry('off')
  expect(await reply({ getClusterParameter: '*' })).toMatchObject(shown('off'))
})

test.each<[command: Document, code: number]>([
  [{ setClusterParameter: 'changeStreamOptions' }, 14],
  [{ setClusterParameter: {} }, 4],
  [{ setClusterParameter: { somethingElse: { a: 1 } } }, 4],
  [{ setClusterParameter: { changeStreamOptions: {}, other: {} } }, 72],
  [{ setClusterParameter: { changeStreamOptions: 5 } }, 2],
  [{ setClusterParameter: { changeStreamOptions: {} } }, 40414],
  [{ setClusterParameter: { changeStreamOptions: { preAndPostImages: {} } } }, 40414],
  [{ setClusterParameter: { changeStreamOptions: { expireAfterSeconds: 5 } } }, 40415],
  [{ setClusterParameter: { changeStreamOptions: { preAndPostImages: { expireAfterSeconds: 5, more: 1 } } } }, 40415],
  [{ getClusterParameter: 'somethingElse' }, 4],
  [{ getClusterParameter: ['changeStreamOptions', 'somethingElse'] }, 4],
  [{ getClusterParameter: [] }, 2],
  [{ getClusterParameter: 1 }, 14],
  [{ getClusterParameter: '*', $db: 'shop' }, 13],
])('%j is refused with %d', async (command, code) => {
  expect(await reply(command)).toMatchObject({ ok: 0, code })
})

test.each([
  [0, 2],
  [-1, 2],
  ['on', 2],
  [true, 14],
  [null, 14],
])('an expiry of %j is refused with %d, and changes nothing', async (expiry, code) => {
  await setExpiry(7)
  expect(await setExpiry(expiry)).toMatchObject({ ok: 0, code })
  expect(await reply({ getClusterParameter: '*' })).toMatchObject(shown(7n))
})

const images = (more: Document = {}) => reply({ find: 'system.preimages', $db: 'config', ...more })
const update = (q: Document, u: Document) => reply({ update: 'things', updates: [{ q, u, multi: false }], $db: 'shop' })

async function openThings(): Promise<void> {
  await reply({ create: 'things', changeStreamPreAndPostImages: { enabled: true }, $db: 'shop' })
  await reply({ insert: 'things', documents: [{ _id: 1 }, { _id: 2 }], $db: 'shop' })
}

test('pre-images are documents of config.system.preimages, by collection, time and place in their commit', async () => {
  await openThings()
  await update({ _id: 1 }, { $set: { a: 1 } })
  await reply({ delete: 'things', deletes: [{ q: {}, limit: 0 }], $db: 'shop' })
  const { firstBatch } = (await images())['cursor']
  expect(firstBatch).toMatchObject([
    { _id: { applyOpsIndex: 0n }, preImage: { _id: 1 } },
    { _id: { applyOpsIndex: 0n }, preImage: { _id: 1, a: 1 } },
    { _id: { applyOpsIndex: 1n }, preImage: { _id: 2 } },
  ])
  const [first, second, third] = firstBatch
  expect(Object.keys(first)).toEqual(['_id', 'operationTime', 'preImage'])
  expect(Object.keys(first._id)).toEqual(['nsUUID', 'ts', 'applyOpsIndex'])
  expect(first).toMatchObject({ _id: { nsUUID: expect.any(Binary) }, operationTime: new Date(env.wallMs()) })
  const oplog = await reply({ find: 'oplog.rs', filter: { op: 'u' }, $db: 'local' })
  expect(oplog).toMatchObject({ cursor: { firstBatch: [{ ts: first._id.ts, ui: first._id.nsUUID }] } })
  expect(second._id.ts).toEqual(third._id.ts)

  expect((await images({ filter: { _id: third._id } }))['cursor'].firstBatch).toEqual([third])
  expect((await images({ filter: { '_id.ts': { $gt: first._id.ts } } }))['cursor'].firstBatch).toEqual([second, third])
  expect((await images({ sort: { $natural: -1 } }))['cursor'].firstBatch).toEqual([third, second, first])
  expect(await reply({ count: 'system.preimages', $db: 'config' })).toMatchObject({ n: 3 })
  const listed = await reply({ listCollections: 1, $db: 'config' })
  expect(listed).toMatchObject({
    cursor: {
      firstBatch: [{ name: 'system.preimages', options: { clusteredIndex: { key: { _id: 1 }, unique: true } } }],
    },
  })
})

test.each<[command: Document, code: number]>([
  [{ insert: 'system.preimages', documents: [{ _id: 1 }] }, 73],
  [{ findAndModify: 'system.preimages', query: {}, remove: true }, 73],
  [{ drop: 'system.preimages' }, 20],
  [{ find: 'system.preimages', tailable: true }, 2],
])('%j is refused on config', async (command, code) => {
  expect(await reply({ ...command, $db: 'config' })).toMatchObject({ ok: 0, code })
})

test('an expired pre-image is seen nowhere any more', async () => {
  await openThings()
  const { operationTime } = await reply({ ping: 1 })
  await setExpiry(100)
  await update({ _id: 1 }, { $set: { a: 1 } })
  await env.advance(60_000)
  await update({ _id: 1 }, { $set: { a: 2 } })
  const countOf = async () => (await reply({ count: 'system.preimages', $db: 'config' }))['n']
  const history = async (options: Document) => {
    const stage = { $changeStream: { startAtOperationTime: operationTime, ...options } }
    const pipeline = [stage, { $match: { operationType: 'update' } }]
    const { cursor } = await reply({ aggregate: 'things', pipeline, cursor: { batchSize: 0 }, $db: 'shop' })
    return reply({ getMore: cursor.id, collection: 'things', maxTimeMS: 1, $db: 'shop' })
  }
  const whenAvailable = { fullDocumentBeforeChange: 'whenAvailable', fullDocument: 'whenAvailable' }
  const imagesOf = async () =>
    (await history(whenAvailable))['cursor'].nextBatch.map((event: Document) => [
      event['fullDocumentBeforeChange'],
      event['fullDocument'],
    ])
  const both = [
    [{ _id: 1 }, { _id: 1, a: 1 }],
    [
      { _id: 1, a: 1 },
      { _id: 1, a: 2 },
    ],
  ]
  await env.advance(40_000)
  expect([await countOf(), await imagesOf()]).toEqual([2, both])
  await env.advance(1)
  expect([await countOf(), await imagesOf()]).toEqual([1, [[null, null], both[1]]])
  expect(await history({ fullDocumentBeforeChange: 'required' })).toMatchObject({ code: 47 })
  expect(await history({ fullDocument: 'required' })).toMatchObject({ code: 47 })
  // What was gone once does not come back.
  await setExpiry('off')
  await env.advance(200_000)
  expect([await countOf(), await imagesOf()]).toEqual([1, [[null, null], both[1]]])
})
