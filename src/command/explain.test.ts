import { Code, type Document } from 'bson'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, openServices, type TestServices } from '../../test/services.ts'
import { dispatch } from './dispatch.ts'

let services: TestServices
const run = (command: Document): Promise<Document> => ask(dispatch, services, { ...command, $db: 'shop' })

beforeAll(async () => {
  services = await openServices()
  const documents = Array.from({ length: 10 }, (_, _id) => ({ _id, even: _id % 2 === 0 }))
  expect(await run({ insert: 'c', documents })).toMatchObject({ n: 10 })
  expect(await run({ create: 'v', viewOn: 'c', pipeline: [{ $match: { even: true } }] })).toMatchObject({ ok: 1 })
})
afterAll(() => services.close())

const statsOf = async (explain: Document): Promise<Document> => {
  const reply = await run({ explain, verbosity: 'executionStats' })
  const { executionStats } = reply.stages === undefined ? reply : reply.stages[0].$cursor
  const { nReturned, totalDocsExamined, executionStages } = executionStats
  expect(executionStats).toMatchObject({ executionSuccess: true, executionTimeMillis: expect.any(Number) })
  return { nReturned, totalDocsExamined, stage: executionStages.stage }
}

test.each<[Document, Document]>([
  [{ find: 'c' }, { nReturned: 10, totalDocsExamined: 10, stage: 'COLLSCAN' }],
  [
    { find: 'c', filter: { even: true } },
    { nReturned: 5, totalDocsExamined: 10, stage: 'COLLSCAN' },
  ],
  [
    { find: 'c', filter: { even: true }, limit: 2 },
    { nReturned: 2, totalDocsExamined: 3, stage: 'COLLSCAN' },
  ],
  [
    { find: 'c', filter: { even: true }, skip: 1, limit: 2 },
    { nReturned: 2, totalDocsExamined: 5 },
  ],
  [
    { find: 'c', filter: { even: true }, sort: { even: 1 }, limit: 2 },
    { nReturned: 2, totalDocsExamined: 10 },
  ],
  [
    { find: 'c', filter: { _id: 3 } },
    { nReturned: 1, totalDocsExamined: 1, stage: 'IDHACK' },
  ],
  [
    { find: 'c', filter: { _id: 3, even: true } },
    { nReturned: 0, totalDocsExamined: 1, stage: 'IDHACK' },
  ],
  [
    { find: 'c', filter: { $expr: { $eq: ['$_id', '$$x'] } }, let: { x: 3 } },
    { nReturned: 1, totalDocsExamined: 10 },
  ],
  [{ find: 'none' }, { nReturned: 0, totalDocsExamined: 0 }],
  [
    { find: 'v', filter: { _id: 3 } },
    { nReturned: 5, totalDocsExamined: 10 },
  ],
  [
    { count: 'c', query: { even: false } },
    { nReturned: 5, totalDocsExamined: 10 },
  ],
  [
    { distinct: 'c', key: 'even', query: { _id: { $in: [1, 2] } } },
    { nReturned: 2, totalDocsExamined: 2 },
  ],
  [{ aggregate: 'c', pipeline: [{ $match: { even: true } }, { $limit: 1 }], cursor: {} }, { nReturned: 5 }],
])('%j costs %j', async (explained, cost) => {
  expect(await statsOf(explained)).toMatchObject(cost)
})

test('all plans are the one plan', async () => {
  const reply = await run({ explain: { find: 'c' }, verbosity: 'allPlansExecution' })
  expect(reply.executionStats).toMatchObject({ nReturned: 10, allPlansExecution: [] })
})

test('a plan alone is told without reading', async () => {
  const reply = await run({ explain: { find: 'c', filter: { _id: 1 } } })
  expect(reply.queryPlanner.winningPlan).toEqual({ stage: 'IDHACK' })
  expect(reply.executionStats).toBeUndefined()
})

test('what a write costs is refused by name, and nothing is written', async () => {
  const explain = { delete: 'c', deletes: [{ q: {}, limit: 0 }] }
  expect(await run({ explain, verbosity: 'executionStats' })).toMatchObject({ code: 238 })
  expect(await run({ explain })).toMatchObject({ ok: 1 })
  expect(await run({ count: 'c' })).toMatchObject({ n: 10 })
})

test('a filter that is none is refused', async () => {
  const explain = { find: 'c', filter: { $where: new Code('true') } }
  expect((await run({ explain, verbosity: 'executionStats' })).ok).toBe(0)
})
