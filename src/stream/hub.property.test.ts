/**
 * Clients that open, read, leave in the middle and resume whenever they like, while commits come at any moment, reads of the log
 * and look-ups take any time, and backlogs are tiny: each client gets every change since it began, once and in order, and all of it
 * without any time passing.
 */
import fc from 'fast-check'
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { encodeDocument } from '../bson/encode.ts'
import { BsonWriter } from '../bson/writer.ts'
import { encodeEntry, type OplogEntry } from '../oplog/entry.ts'
import { type Bench, chooser, openBench, passTurns, Reader, slowly } from './streams.suite.ts'

const collections = ['d.a', 'd.b', 'e.a'] as const

interface Written {
  readonly n: number
  readonly ns: string
  readonly time: bigint
}

/** Commits of entries that nobody applies: streams look only at the log. An update makes a stream look its document up. */
async function commit(bench: Bench, choose: (below: number) => number, written: Written[]): Promise<void> {
  const entries = Array.from({ length: choose(4) === 0 ? 3 : 1 }, () => ({
    n: choose(1_000_000_000),
    ns: collections[choose(collections.length)] ?? 'd.a',
    isUpdate: choose(2) === 0,
    text: 'x'.repeat(choose(3) === 0 ? 400 : 0),
  }))
  const { position } = await bench.services.store.engine.write(transaction => {
    for (const { n, ns, isUpdate, text } of entries) {
      const o = isUpdate ? encodeDocument({ $v: 2, diff: { u: { text } } }) : encodeDocument({ _id: n, text })
      const o2 = encodeDocument({ _id: n })
      const entry: OplogEntry = { op: isUpdate ? 'u' : 'i', ns, ui: new Uint8Array(16), o, o2, wallMs: 0 }
      transaction.append(encodeEntry(entry, new BsonWriter()))
    }
  })
  if (position === undefined) throw new Error('a commit has a position')
  written.push(...entries.map(({ n, ns }) => ({ n, ns, time: position.time })))
}

class Client {
  readonly #bench: Bench
  readonly #choose: (below: number) => number
  readonly scope: string
  readonly beganAt: bigint
  readonly got: number[] = []
  #token: Document | undefined
  isOver = false

  constructor(bench: Bench, choose: (below: number) => number) {
    this.#bench = bench
    this.#choose = choose
    this.scope = ['', 'd', 'd.a', 'e.a'][choose(4)] ?? ''
    this.beganAt = bench.store.engine.log.newest.time
  }

  /** What it should have got of what was written. */
  due(written: readonly Written[]): number[] {
    const sees = (ns: string) => this.scope === '' || ns === this.scope || ns.startsWith(`${this.scope}.`)
    return written.filter(({ ns, time }) => time > this.beganAt && sees(ns)).map(({ n }) => n)
  }

  async run(): Promise<void> {
    while (!this.isOver) await this.#stay()
  }

  /** From an opening to the next leaving. */
  async #stay(): Promise<void> {
    const choose = this.#choose
    const start = this.#token === undefined ? {} : { resumeAfter: this.#token }
    const stage = { ...start, fullDocument: choose(2) === 0 ? 'default' : 'updateLookup' }
    const reader = new Reader(this.#bench, {
      scope: this.scope,
      stage,
      backlogBytesMax: choose(3) === 0 ? 300 : 1 << 20,
    })
    // The reply to the opening has a token already.
    await reader.next({ countMax: 0 })
    this.#token ??= reader.tokens[0]?.token
    for (let left = choose(6); !this.isOver; left--) {
      const before = reader.events.length
      const batch = reader.next({ countMax: choose(4) + 1, waitMs: choose(3) === 0 ? 0 : 1000 })
      if (left <= 0 && choose(3) > 0) {
        // It leaves while it waits; what the batch would have held it never sees.
        await passTurns(choose(12))
        reader.close()
        await batch
        return
      }
      await batch
      this.got.push(...reader.events.slice(before).map(({ documentKey }) => documentKey._id as number))
      this.#token = reader.tokens.at(-1)?.token
      await passTurns(choose(8))
    }
    reader.close()
  }
}

test('whatever comes between, each client gets every change since it began, once and in order', () =>
  fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 4 }), fc.boolean(), async (seed, clientsMax, isSlow) => {
      const choose = chooser(seed)
      // Mostly at once and sometimes late: what is late is then far behind.
      const bench = await openBench(isSlow ? slowly(() => (choose(4) === 0 ? choose(16) : 0)) : {})
      try {
        const written: Written[] = []
        const clients: Client[] = []
        const running: Promise<void>[] = []
        for (let round = 0; round < 12; round++) {
          if (clients.length < clientsMax && choose(3) > 0) {
            const client = new Client(bench, choose)
            clients.push(client)
            running.push(client.run())
          }
          for (let left = choose(5); left > 0; left--) {
            const committed = commit(bench, choose, written)
            // Some commits are on their way together.
            if (choose(2) === 0) await committed
            await passTurns(choose(12))
          }
          // Whatever can happen without time has happened then: each promise of a turn is kept in it.
          for (let left = 4; left > 0; left--) await bench.env.yieldTurn()
          for (const client of clients)
            expect(client.got, `what a client of '${client.scope}' got`).toEqual(client.due(written))
        }
        for (const client of clients) client.isOver = true
        await bench.env.advance(1000)
        await Promise.all(running)
        expect(bench.hub.count, 'live streams in the end').toBe(0)
      } finally {
        await bench.close()
      }
    }),
    { numRuns: 100 },
  ))
