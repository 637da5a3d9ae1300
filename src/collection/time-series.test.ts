/** What expires by itself: measurements, and documents of a clustered collection. */
import { expect, test } from 'vitest'
import { createCollection } from './ddl.ts'
import { entriesOf, insert, openStore, stateOf } from './store.suite.ts'
import { sweepExpired } from './sweep.ts'
import { createTimeSeries } from './time-series-ddl.ts'

const longAgo = new Date('2020-01-01T00:00:00Z')

test('measurements expire by their time', async () => {
  const store = await openStore()
  const series = {
    timeField: 't',
    metaField: undefined,
    granularity: 'hours' as const,
    bucketRoundingSeconds: undefined,
    bucketMaxSpanSeconds: 2_592_000,
  }
  const namespace = { db: 'shop', coll: 'visits' }
  await createTimeSeries(store, namespace, { series, collation: undefined, expireAfterSeconds: 3600n })
  const before = await stateOf(store)
  const now = new Date(store.env.wallMs())
  await insert(store, [{ t: longAgo }, { t: now }], { namespace })
  await sweepExpired(store)
  expect(await stateOf(store)).toHaveLength(before.length + 1)
  expect((await entriesOf(store)).slice(-1)).toMatchObject([{ op: 'd', ns: 'shop.system.buckets.visits' }])
})

test('documents of a clustered collection expire by an _id that is a date', async () => {
  const store = await openStore()
  const clusteredIndex = { v: 2, key: { _id: 1 }, name: '_id_', unique: true }
  const namespace = { db: 'shop', coll: 'things' }
  await createCollection(store, namespace, { clusteredIndex, expireAfterSeconds: 3600n })
  await insert(store, [{ _id: longAgo }, { _id: new Date(store.env.wallMs()) }, { _id: 1 }])
  await sweepExpired(store)
  expect((await entriesOf(store)).map(({ op }) => op)).toEqual(['c', 'i', 'i', 'i', 'd'])
})
