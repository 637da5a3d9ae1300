/** $facet: several pipelines over the same documents. */
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { systemEnv } from '../../base/env.ts'
import { Pace } from '../../base/pace.ts'
import { compilePipeline } from '../pipeline.ts'
import { aggregate, bytesOf, defaults, stagesOf, textOf } from '../pipeline.suite.ts'

const numbered = (count: number): Document[] => Array.from({ length: count }, (_, n) => ({ n }))

test('each pipeline sees all documents, whether it takes them or not', async () => {
  const facet = {
    all: [{ $count: 'n' }],
    few: [{ $limit: 2 }],
    none: [{ $match: { n: -1 } }],
    same: [],
    last: [{ $sort: { n: -1 } }, { $limit: 1 }],
  }
  const [result, ...others] = await aggregate([{ $facet: facet }], numbered(1000))
  expect(others).toEqual([])
  expect(Object.keys(result ?? {})).toEqual(['all', 'few', 'none', 'same', 'last'])
  expect(textOf({ ...result, same: [] })).toEqual(
    textOf({ all: [{ n: 1000 }], few: numbered(2), none: [], same: [], last: [{ n: 999 }] }),
  )
  expect(result?.['same']).toHaveLength(1000)
})

test('of nothing it makes empty arrays', async () => {
  expect(await aggregate([{ $facet: { a: [], b: [{ $match: {} }] } }], [])).toEqual([{ a: [], b: [] }])
})

test('when all pipelines have enough, nobody reads on, and the source is let go', async () => {
  let given = 0
  let isClosed = false
  async function* source() {
    try {
      for (;;) yield bytesOf({ n: given++ })
    } finally {
      isClosed = true
    }
  }
  const run = compilePipeline(stagesOf([{ $facet: { a: [{ $limit: 1 }], b: [{ $limit: 100 }] } }]), defaults)
  for await (const _ of run(source(), new Pace(systemEnv))) continue
  expect(given).toBeLessThan(300)
  expect(isClosed).toBe(true)
})

test('what fails in one pipeline, or in front of it, fails all', async () => {
  const failing = { $set: { x: { $toInt: '$text' } } }
  const facet = { $facet: { a: [{ $count: 'n' }], b: [failing], c: [] } }
  const documents = [...numbered(500), { text: 'none' }, ...numbered(500)]
  await expect(aggregate([facet], documents)).rejects.toMatchObject({ codeName: 'ConversionFailure' })
  await expect(aggregate([failing, facet], documents)).rejects.toMatchObject({ codeName: 'ConversionFailure' })
})

test('what it gathers is bounded', async () => {
  const refused = aggregate([{ $facet: { a: [], b: [] } }], numbered(1000), { memoryBytesMax: 100_000 })
  await expect(refused).rejects.toMatchObject({ codeName: 'QueryExceededMemoryLimitNoDiskUseAllowed' })
  const large = { text: 'x'.repeat(6 * 1024 * 1024) }
  await expect(aggregate([{ $facet: { a: [] } }], [large, large, large])).rejects.toMatchObject({ code: 10334 })
})
