/**
 * Whatever well-formed command comes, it is answered: with a reply that is well-formed too, in time, and never by a bug.
 *
 *   ENEMY_RUNS=200000 npx vitest run test/enemy/dispatch.test.ts
 */
import { writeFileSync } from 'node:fs'
import { deserialize, type Document, serialize } from 'bson'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { validateDocument } from '../../src/bson/validate.ts'
import { dispatch } from '../../src/command/dispatch.ts'
import type { Outcome } from '../../src/command/exchange.ts'
import { ManualEnv } from '../manual-env.ts'
import { ask, makeClient, openServices, type TestServices } from '../services.ts'
import { type Memory, type WildMessage, wildMessage } from './commands.ts'

const runs = Number(process.env.ENEMY_RUNS ?? 3000)
const isLong = process.env.ENEMY_RUNS !== undefined
const bugsMax = 20
const seed = process.env.ENEMY_SEED === undefined ? {} : { seed: Number(process.env.ENEMY_SEED) }
/** Where the message of the run is written before it runs, for a run that does not come back. */
const trace = process.env.ENEMY_TRACE
/** A run that keeps the process longer than this is reported. */
const slowMs = Number(process.env.ENEMY_SLOW_MS ?? 2000)
const resetEvery = 100
const reopenEvery = 10_000

const seeds: readonly Document[] = [
  { _id: 1, a: 1, b: 'text', c: [1, 2, 3], d: { x: 1, y: [{ b: 1 }, { b: 2 }] }, e: new Date(0) },
  { _id: 2, a: [{ b: 1, c: 'x' }, { b: [1, 2] }, 3], b: null, x: { x: { x: 'deep' } } },
  { _id: 'three', a: { b: { c: [[1, [2]], []] } }, c: 'aé😀', d: 2.5, operationType: 'insert' },
  { _id: 4, a: 9_007_199_254_740_991n, b: /a/i, c: [], d: {}, e: NaN },
]

class World {
  readonly cursors: { id: bigint; coll: string }[] = []
  readonly seen: string[] = []
  #services: TestServices | undefined
  #env = new ManualEnv()
  #count = 0

  get services(): TestServices {
    if (this.#services === undefined) throw new Error('not open')
    return this.#services
  }

  async #reopen(): Promise<void> {
    await this.close()
    this.#env = new ManualEnv()
    this.#services = await openServices(this.#env)
  }

  async close(): Promise<void> {
    expect(this.#services?.counters.errors.bugs ?? 0).toBe(0)
    await this.#services?.close()
  }

  /** The collection is as it was at the start again, and a token of a change of it is known. */
  async reset(): Promise<void> {
    if (this.#count++ % (reopenEvery / resetEvery) === 0) await this.#reopen()
    this.cursors.length = 0
    this.seen.length = 0
    const { services } = this
    services.cursors.closeAll()
    for (const failPoint of ['failCommand', 'failGetMoreAfterCursorCheckout', 'onPrimaryTransactionalWrite']) {
      await this.answer({
        body: serialize({ configureFailPoint: failPoint, mode: 'off', $db: 'admin' }),
        sequences: [],
      })
    }
    for (const $db of ['other', 'local', 'admin', 'test']) {
      await this.answer({ body: serialize({ dropDatabase: 1, $db }), sequences: [] })
    }
    await ask(dispatch, services, { create: 'c', changeStreamPreAndPostImages: { enabled: true }, $db: 'test' })
    const { cursor } = await ask(dispatch, services, {
      aggregate: 'c',
      pipeline: [{ $changeStream: {} }],
      cursor: {},
      $db: 'test',
    })
    await ask(dispatch, services, { insert: 'c', documents: seeds, $db: 'test' })
    await ask(dispatch, services, { update: 'c', updates: [{ q: { _id: 1 }, u: { $set: { a: 2 } } }], $db: 'test' })
    const more = { getMore: cursor.id, collection: 'c', maxTimeMS: 0, $db: 'test' }
    const { nextBatch } = (await ask(dispatch, services, more)).cursor
    this.seen.push(...nextBatch.map((event: Document) => event._id._data))
  }

  /** The answer to a message. Time passes while nothing else happens, so what waits gets on. */
  async answer({ body, sequences }: Pick<WildMessage, 'body' | 'sequences'>): Promise<Document | undefined> {
    const gone = new AbortController()
    const client = makeClient({ signal: gone.signal })
    let outcome: Outcome | undefined
    const ask = async () => (outcome = await dispatch({ body, sequences, isQuery: false }, client, this.services))
    const answered = ask()
    for (let turn = 0; outcome === undefined; turn++) {
      await Promise.race([answered, this.#env.yieldTurn()])
      // A getMore may be told to wait for weeks; then it goes when its client goes.
      if (turn === 1000) gone.abort()
      if (turn > 1500) throw new Error('no answer although ten minutes have passed and its client is gone')
      if (turn > 500) await this.#env.advance(1000)
      else if (turn > 50) await this.#env.advance(10)
    }
    if (outcome === 'close-connection') return undefined
    validateDocument(outcome.document, 0, outcome.document.length)
    return deserialize(outcome.document, { useBigInt64: true, bsonRegExp: true })
  }

  remember({ cursor }: Document): void {
    if (typeof cursor?.id !== 'bigint' || cursor.id === 0n) return
    const { id, ns } = cursor
    if (this.cursors.length < 20 && this.cursors.every(known => known.id !== id))
      this.cursors.push({ id, coll: ns.slice(ns.indexOf('.') + 1) })
  }
}

const firstName = ({ body }: WildMessage): string => Buffer.from(body).toString('latin1', 5, body.indexOf(0, 5))

test('whatever well-formed command comes, it is answered, well-formed and in time, and never by a bug', async () => {
  const world = new World()
  const memory: Memory = world
  const codes = new Map<string, number>()
  let count = 0
  /** What went wrong, once each, with an example. A run that finds one does not hide the others. */
  const bugs = new Map<string, string>()
  const blame = (what: string, message: WildMessage) => {
    if (bugs.size < bugsMax && !bugs.has(what)) bugs.set(what, String(message).slice(0, 5000))
  }
  await fc.assert(
    fc.asyncProperty(wildMessage(memory), async message => {
      if (count++ % resetEvery === 0) await world.reset()
      if (trace !== undefined) writeFileSync(trace, String(message))
      const began = process.hrtime.bigint()
      const reply = await world
        .answer(message)
        .catch((error: unknown) => blame(`thrown: ${error instanceof Error ? error.stack : String(error)}`, message))
      const tookMs = Number(process.hrtime.bigint() - began) / 1e6
      if (reply === undefined) return
      const name = reply.ok === 1 ? `ok:${firstName(message)}` : String(reply.codeName)
      codes.set(name, (codes.get(name) ?? 0) + 1)
      if (reply.ok === 1) {
        world.remember(reply)
        for (const { code, errmsg } of reply.writeErrors ?? []) if (code === 1) blame(errmsg, message)
      } else {
        expect([reply.ok, typeof reply.code, typeof reply.codeName, typeof reply.errmsg]).toEqual([
          0,
          'number',
          'string',
          'string',
        ])
        const { errors } = world.services.counters
        if (errors.bugs > 0) {
          const { stack } = (world.services.log.lines.at(-1)?.fields as { err?: Error } | undefined)?.err ?? {}
          errors.bugs = 0
          blame(stack?.split('\n').slice(0, 4).join('\n') ?? 'a bug without a stack', message)
        }
      }
      if (tookMs > slowMs) blame(`it took ${Math.round(tookMs)} ms`, message)
    }),
    { numRuns: runs, ...seed },
  )
  await world.close()
  if (isLong) for (const bug of bugs) console.log(bug.join('\n'))
  expect([...bugs].map(bug => bug.join('\n'))).toEqual([])
  if (isLong)
    console.log(
      [...codes]
        .sort((a, b) => b[1] - a[1])
        .map(it => it.join(' '))
        .join('\n'),
    )
}, 3_600_000)
