/**
 * Transactions and plain writes in any interleaving do what they do one after another, each at the moment of its commit; and the
 * log tells the whole state.
 *
 * This holds for statements that name their documents by _id: what such a statement looked at is looked at again by the commit.
 */
import { deserialize } from 'bson'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { deleteFirst, updateFirst } from '../collection/modify.ts'
import { copiedState, documentOf, OplogApplier } from '../collection/oplog-applier.suite.ts'
import { runSteps, step as anyWrite, transactional } from '../collection/steps.suite.ts'
import {
  entriesOf,
  indexContents,
  insert,
  openStore,
  replay,
  statement,
  stateOf,
  things,
  updateStatement,
} from '../collection/store.suite.ts'
import { type Store, withSnapshot } from '../collection/store.ts'
import { readDocuments, everything } from '../collection/read.ts'
import { systemNamespace as oplog } from '../collection/system-namespaces/oplog.ts'
import type { SessionTransaction } from './transaction.ts'
import { Transactions } from './transactions.ts'

interface Change {
  readonly kind: 'insert' | 'increment' | 'double' | 'upsert' | 'remove'
  readonly id: number
}

/** How many documents it concerned. */
type Run = (store: Store, change: Change) => Promise<number>

const run: Run = async (store, { kind, id }) => {
  const filter = { _id: id }
  switch (kind) {
    case 'insert': {
      const { insertedCount } = await insert(store, [{ _id: id, n: 1 }])
      return insertedCount
    }
    case 'increment':
      return (await updateFirst(store, updateStatement({ $inc: { n: 1 } }, { filter }))).matchedCount
    case 'double':
      return (await updateFirst(store, updateStatement({ $mul: { n: 2 } }, { filter }))).matchedCount
    case 'upsert':
      return (await updateFirst(store, updateStatement({ $inc: { n: 5 } }, { filter, upsert: true }))).matchedCount
    case 'remove':
      return (await deleteFirst(store, statement({ filter }))).matchedCount
  }
}

/** The same on a map of _id → n. */
function model(state: Map<number, number>, { kind, id }: Change): number {
  const n = state.get(id)
  const isThere = n === undefined ? 0 : 1
  if (kind === 'insert') {
    if (isThere === 0) state.set(id, 1)
    return 1 - isThere
  }
  if (kind === 'remove') state.delete(id)
  else if (kind === 'upsert') state.set(id, (n ?? 0) + 5)
  else if (n !== undefined) state.set(id, kind === 'increment' ? n + 1 : n * 2)
  return isThere
}

type Step =
  | { readonly session: 0; readonly act: Change }
  | { readonly session: number; readonly act: Change | 'commit' | 'abort' }

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('insert', 'increment', 'double', 'upsert', 'remove'),
  id: fc.integer({ min: 0, max: 7 }),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ session: fc.constant(0 as const), act: change }) },
  { weight: 6, arbitrary: fc.record({ session: fc.integer({ min: 1, max: 3 }), act: change }) },
  {
    weight: 4,
    arbitrary: fc.record({
      session: fc.integer({ min: 1, max: 3 }),
      act: fc.constantFrom('commit' as const, 'commit' as const, 'abort' as const),
    }),
  },
)

interface Open {
  readonly transaction: SessionTransaction
  readonly done: { readonly change: Change; readonly count: number }[]
}

/** One history on a store, and beside it the model of what was committed, in the order of commits. */
class History {
  readonly store: Store
  readonly committed = new Map<number, number>()
  commitCount = 0
  readonly #transactions: Transactions
  readonly #open = new Map<number, Open>()
  #number = 0n

  constructor(store: Store) {
    this.store = store
    this.#transactions = new Transactions(store)
  }

  async step({ session, act }: Step): Promise<void> {
    if (typeof act === 'string') return this.#end(session, act)
    if (session === 0) return expect(await run(this.store, act)).toBe(model(this.committed, act))
    const open = this.#open.get(session) ?? (await this.#begin(session))
    try {
      const count = await open.transaction.run(store => run(store, act))
      open.done.push({ change: act, count })
    } catch (error) {
      this.#requireConflict(session, error)
    }
  }

  async #begin(session: number): Promise<Open> {
    const id = { lsid: new Uint8Array(16).fill(session), txnNumber: ++this.#number }
    const open = { transaction: await this.#transactions.begin(id), done: [] }
    this.#open.set(session, open)
    return open
  }

  async #end(session: number, how: 'commit' | 'abort'): Promise<void> {
    const open = this.#open.get(session)
    if (open === undefined) return
    const entriesBefore = (await entriesOf(this.store)).length
    try {
      if (how === 'abort') open.transaction.abort()
      else await open.transaction.commit()
    } catch (error) {
      return this.#requireConflict(session, error)
    }
    this.#open.delete(session)
    // One that changed nothing saw what was there when it began.
    if ((await entriesOf(this.store)).length === entriesBefore) return
    this.commitCount++
    for (const { change: done, count } of open.done) expect(model(this.committed, done)).toBe(count)
  }

  #requireConflict(session: number, error: unknown): void {
    this.#open.delete(session)
    expect(error).toBeInstanceOf(CommandError)
    expect((error as CommandError).codeName).toBe('WriteConflict')
  }

  async close(): Promise<void> {
    this.#transactions.close()
    await this.store.engine.close()
  }
}

async function contentOf(store: Store): Promise<Map<number, number>> {
  const found = new Map<number, number>()
  const { pace } = statement()
  for await (const { document } of readDocuments(store, things, everything, { pace })) {
    const { _id, n } = deserialize(document)
    found.set(_id, n)
  }
  return found
}

test('any interleaving is as good as one after another, and the log tells what it left', async () => {
  let commitCount = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
      const history = new History(await openStore())
      await insert(history.store, [{ _id: 'first' }])
      await deleteFirst(history.store, statement())
      try {
        for (const each of steps) await history.step(each)
        expect(await contentOf(history.store)).toEqual(history.committed)
        const copy = await replay(history.store)
        expect(await stateOf(copy)).toEqual(await stateOf(history.store))
        await copy.engine.close()
      } finally {
        await history.close()
      }
      commitCount += history.commitCount
    }),
    { numRuns: 200 },
  )
  expect(commitCount).toBeGreaterThan(50)
})

const anyStep = fc.oneof(
  { weight: 4, arbitrary: anyWrite.map(act => ({ session: 0, act })) },
  { weight: 6, arbitrary: fc.record({ session: fc.integer({ min: 1, max: 2 }), act: transactional }) },
  {
    weight: 3,
    arbitrary: fc.record({
      session: fc.integer({ min: 1, max: 2 }),
      act: fc.constantFrom('commit' as const, 'commit' as const, 'abort' as const),
    }),
  },
)

test('with commands of every kind between them too, the log tells what transactions left, and so does local.oplog.rs', async () => {
  let commitCount = 0
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 30 }), async steps => {
      const store = await openStore()
      const transactions = new Transactions(store)
      const open = new Map<number, SessionTransaction>()
      const next = oplog.follow?.(store, everything.filter) ?? (async () => undefined)
      const tool = new OplogApplier()
      let number = 10n
      for (const { session, act } of steps) {
        const own = open.get(session)
        const refused = (error: unknown) => {
          expect(error).toBeInstanceOf(CommandError)
          if (act === 'commit') expect((error as CommandError).codeName).toBe('WriteConflict')
          open.delete(session)
        }
        if (typeof act === 'string') {
          if (act === 'commit') await own?.commit().then(() => commitCount++, refused)
          else own?.abort()
          open.delete(session)
        } else if (session === 0) await runSteps(store, [act])
        else {
          const id = { lsid: new Uint8Array(16).fill(200 + session), txnNumber: ++number }
          const transaction = own ?? (await transactions.begin(id))
          open.set(session, transaction)
          await transaction.run(act).catch(refused)
        }
        for (let document = await next(); document !== undefined; document = await next()) {
          tool.apply(documentOf(document))
        }
      }
      const copy = await replay(store)
      expect(await stateOf(copy)).toEqual(await stateOf(store))
      expect(tool.state).toEqual(await copiedState(store))
      const { expected, found } = await indexContents(store)
      expect(found).toEqual(expected)
      transactions.close()
      await Promise.all([store.engine.close(), copy.engine.close()])
    }),
    { numRuns: 150 },
  )
  expect(commitCount).toBeGreaterThan(50)
})

test('readers of the base never see a part of a transaction', async () => {
  const store = await openStore()
  const transactions = new Transactions(store)
  await insert(store, [
    { _id: 1, n: 0 },
    { _id: 2, n: 0 },
  ])
  const writing = (async () => {
    for (let round = 1n; round <= 50n; round++) {
      const own = await transactions.begin({ lsid: new Uint8Array(16), txnNumber: round })
      for (const _id of [1, 2]) {
        await own.run(inside => updateFirst(inside, updateStatement({ $inc: { n: 1 } }, { filter: { _id } })))
      }
      await own.commit()
    }
    return 'done'
  })()
  for (let isDone = false; !isDone;) {
    const sum = await withSnapshot(store, async snapshot => {
      const all = await snapshot.scan(
        'records',
        { from: new Uint8Array(0), to: new Uint8Array(1).fill(0xff) },
        { countMax: 10, bytesMax: Infinity },
      )
      return all.map(({ value }) => deserialize(value).n as number)
    })
    expect(sum[0]).toBe(sum[1])
    isDone = (await Promise.race([writing, store.env.yieldTurn().then(() => 'not yet')])) === 'done'
  }
  await store.engine.close()
})
