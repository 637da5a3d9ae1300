/** Random writes and definitions, for the laws about the log. */
import * as fc from 'fast-check'
import { CommandError } from '../base/errors.ts'
import { Pace } from '../base/pace.ts'
import { parseCollation } from '../bson/collation.ts'
import { encodeDocument } from '../bson/encode.ts'
import { systemEnv } from '../base/env.ts'
import { createCollection, dropCollection, dropDatabase, modifyCollection, renameCollection } from './ddl.ts'
import { createIndexes, dropIndexes } from './indexes.ts'
import { deleteAll, deleteFirst, updateAll, updateFirst } from './modify.ts'
import type { Namespace } from './namespace.ts'
import type { RetryableWrite } from './retry.ts'
import { bytes, insert, statement, updateStatement, value } from './store.suite.ts'
import type { Store } from './store.ts'
import { createTimeSeries } from './time-series-ddl.ts'
import { createView } from './view-ddl.ts'
import { convertToUnique, prepareUnique, requireConvertible } from './unique.ts'

const namespaces: readonly Namespace[] = [
  { db: 'shop', coll: 'a' },
  { db: 'shop', coll: 'b' },
  { db: 'bank', coll: 'a' },
]

const namespace = fc.constantFrom(...namespaces)
/** Names of views, and those that collections may have too. */
const viewed = fc.constantFrom(...namespaces.slice(0, 2), { db: 'shop', coll: 'v' }, { db: 'shop', coll: 'w' })
const id = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom('a', 'A', 'ä', 'b'))
const scalar = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('x', 'X', 'ẍ', 'y', 'Z', null, 1.5))
const document = fc.record(
  { _id: id, n: scalar, list: fc.array(scalar, { maxLength: 3 }), deep: fc.record({ n: scalar }) },
  { requiredKeys: ['_id'] },
)
const update = fc.oneof(
  fc.record({ $set: fc.dictionary(fc.constantFrom('n', 'deep.n', 'deep.m', 'list.1'), scalar, { minKeys: 1 }) }),
  fc.record({ $inc: fc.record({ n: fc.integer() }) }),
  fc.record({ $push: fc.record({ list: scalar }) }),
  fc.constant({ $unset: { n: '' } }),
  fc.record({ n: scalar, replaced: scalar }),
)
const retryable = fc.option(
  fc
    .record({ session: fc.integer({ min: 0, max: 2 }), number: fc.bigInt(1n, 4n) })
    .map(({ session, number }) => ({ lsid: new Uint8Array(16).fill(session), txnNumber: number })),
  { nil: undefined },
)
const filter = fc.oneof(
  id.map(_id => ({ _id })),
  fc.record({ n: scalar }),
)

const indexSpec = fc
  .record({ path: fc.constantFrom('n', 'list', 'deep.n'), unique: fc.boolean(), sparse: fc.boolean() })
  .map(({ path, ...options }) => ({ v: 2, key: { [path]: 1 }, name: `${path}_1`, ...options }))
const modifiedIndex = (path: string, options: { readonly [name: string]: boolean }) => ({
  options: {},
  index: { name: `${path}_1`, key: undefined, options },
})

/** Throws when it is refused. */
export type Step = (store: Store) => Promise<unknown>

type Retryable = fc.Arbitrary<RetryableWrite | undefined>

const inserting = (retries: Retryable): fc.Arbitrary<Step> =>
  fc.tuple(namespace, fc.array(document, { minLength: 1, maxLength: 4 }), retries, fc.boolean()).map(
    ([ns, documents, retry, ordered]) =>
      store =>
        insert(store, documents, { namespace: ns, retryable: retry, ordered }),
  )

const changing = (retries: Retryable): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(namespace, filter, update, retries, fc.boolean(), fc.constantFrom('before', 'after', undefined))
        .map(
          ([ns, which, change, retry, upsert, keepsValue]): Step =>
            store =>
              updateFirst(
                store,
                updateStatement(change, { namespace: ns, filter: which, retryable: retry, upsert, keepsValue }),
              ),
        ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(namespace, filter).map(
        ([ns, which]): Step =>
          store =>
            updateAll(store, updateStatement({ $inc: { seen: 1 } }, { namespace: ns, filter: which })),
      ),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(namespace, filter, retries, fc.boolean()).map(
        ([ns, which, retry, all]): Step =>
          store =>
            all
              ? deleteAll(store, statement({ namespace: ns, filter: which }))
              : deleteFirst(store, statement({ namespace: ns, filter: which, retryable: retry })),
      ),
    },
  )

const creating = namespace.map(
  (ns): Step =>
    store =>
      createCollection(store, ns, { changeStreamPreAndPostImages: { enabled: true } }),
)

/** What may be in a transaction. */
export const transactional: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: inserting(fc.constant(undefined)) },
  { weight: 8, arbitrary: changing(fc.constant(undefined)) },
  { weight: 1, arbitrary: creating },
)

/** Any of them. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: inserting(retryable) },
  { weight: 11, arbitrary: changing(retryable) },
  { weight: 1, arbitrary: creating },
  {
    weight: 2,
    arbitrary: fc
      .tuple(namespace, fc.integer({ min: 40, max: 200 }), fc.integer({ min: 0, max: 4 }))
      .map(([ns, size, max]): Step => async store => {
        await dropCollection(store, ns)
        await createCollection(store, ns, { capped: true, size, max })
      }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(namespace, fc.boolean()).map(([ns, isCapped]): Step => async store => {
      await dropCollection(store, ns)
      const collation = parseCollation(value({ locale: 'en', strength: 2 }))?.spec
      await createCollection(store, ns, { ...(isCapped ? { capped: true, size: 200 } : {}), collation })
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(namespace, fc.constantFrom('n', 'list', 'deep.n'), fc.integer({ min: 1, max: 3 }))
      .map(([ns, path, strength]): Step => async store => {
        const collation = parseCollation(value({ locale: 'en', strength }))?.spec
        const spec = { v: 2, key: { [path]: 1 }, name: `${path}_1_s`, unique: true, collation }
        await createIndexes(store, ns, [encodeDocument(spec)], new Pace(systemEnv))
      }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(namespace, fc.integer({ min: 40, max: 200 }), fc.integer({ min: 0, max: 4 })).map(
      ([ns, cappedSize, cappedMax]): Step =>
        store =>
          modifyCollection(store, ns, { options: { cappedSize, cappedMax }, index: undefined }),
    ),
  },
  {
    weight: 1,
    arbitrary: namespace.map(
      (ns): Step =>
        store =>
          dropCollection(store, ns),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('shop', 'bank').map(
      (db): Step =>
        store =>
          dropDatabase(store, db),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(namespace, namespace, fc.boolean()).map(
      ([from, to, dropTarget]): Step =>
        store =>
          renameCollection(store, from, to, { dropTarget }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(namespace, fc.array(indexSpec, { minLength: 1, maxLength: 3 })).map(
      ([ns, specs]): Step =>
        store =>
          createIndexes(store, ns, specs.map(bytes), new Pace(systemEnv)),
    ),
  },
  {
    weight: 1,
    arbitrary: namespace.map(
      (ns): Step =>
        store =>
          dropIndexes(store, ns, 'all'),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(namespace, fc.constantFrom('n', 'list', 'deep.n')).map(
      ([ns, path]): Step =>
        store =>
          prepareUnique(store, ns, modifiedIndex(path, { prepareUnique: true }), new Pace(systemEnv)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(namespace, fc.constantFrom('n', 'list', 'deep.n')).map(
      ([ns, path]): Step =>
        store =>
          modifyCollection(store, ns, modifiedIndex(path, { prepareUnique: false })),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(namespace, fc.constantFrom('n', 'list', 'deep.n')).map(([ns, path]): Step => async store => {
      const modification = modifiedIndex(path, { unique: true })
      await requireConvertible(store, ns, modification, new Pace(systemEnv))
      await convertToUnique(store, ns, modification)
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(namespace, fc.boolean(), fc.constantFrom(undefined, true, false)).map(
      ([ns, enabled, hidden]): Step =>
        store =>
          modifyCollection(store, ns, {
            options: { changeStreamPreAndPostImages: { enabled } },
            index: hidden === undefined ? undefined : { name: 'n_1', key: undefined, options: { hidden } },
          }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(viewed, viewed, fc.constantFrom('create', 'modify'), scalar)
      .map(([view, over, action, n]): Step => {
        const definition = { viewOn: over.coll, pipeline: [value({ $match: { n } })] }
        return store =>
          action === 'create'
            ? createView(store, view, { ...definition, collation: undefined })
            : modifyCollection(store, view, { options: {}, index: undefined, view: definition })
      }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(viewed, fc.constantFrom('create', 'modify')).map(([ns, action]): Step => {
      const series = {
        timeField: 't',
        metaField: 'n',
        granularity: action === 'create' ? ('seconds' as const) : ('minutes' as const),
        bucketRoundingSeconds: undefined,
        bucketMaxSpanSeconds: 3600,
      }
      return store =>
        action === 'create'
          ? createTimeSeries(store, ns, { series, collation: undefined, expireAfterSeconds: 60n })
          : modifyCollection(store, ns, {
              options: {},
              index: undefined,
              timeSeries: () => series,
              expireAfterSeconds: 'off',
            })
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(viewed, fc.array(document, { minLength: 1, maxLength: 3 }), retryable).map(
      ([viewedNamespace, documents, retry]): Step =>
        store =>
          insert(
            store,
            documents.map((measurement, index) => ({ ...measurement, t: new Date(index * 100_000) })),
            { namespace: viewedNamespace, retryable: retry },
          ),
    ),
  },
  {
    weight: 1,
    arbitrary: viewed.map(
      (ns): Step =>
        store =>
          dropCollection(store, ns),
    ),
  },
)

/** A refused step is part of the history too: it must leave nothing. */
export async function runSteps(store: Store, history: readonly Step[]): Promise<void> {
  for (const next of history) {
    try {
      await next(store)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
    }
  }
}
