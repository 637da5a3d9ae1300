/**
 * The log is cut while streams, followers of local.oplog.rs and snapshot reads are on their way: each gets exactly what there was,
 * or is told that it is gone.
 */
import fc from 'fast-check'
import { type Document, Long } from 'bson'
import { expect, test } from 'vitest'
import { commandsOf, history, Model, scopes, tellEvent, toldBy } from './history.suite.ts'
import { type Bench, chooser, openBench, Reader } from './streams.suite.ts'

/** A reader that goes on until what it would read next is gone. */
class Slow {
  readonly reader: Reader
  code: number | undefined

  constructor(bench: Bench, scope: string, tokenVersion: 1 | 2) {
    this.reader = new Reader(bench, { scope, stage: { showExpandedEvents: true }, tokenVersion, backlogBytesMax: 500 })
  }

  async next(countMax: number): Promise<void> {
    if (this.code !== undefined || this.reader.ended) return
    try {
      await this.reader.next({ countMax })
    } catch (error) {
      this.code = (error as { code: number }).code
      this.reader.close()
    }
  }

  async drain(): Promise<void> {
    for (let count = -1; count !== this.reader.events.length && this.code === undefined;) {
      count = this.reader.events.length
      await this.next(5)
    }
  }
}

/** A cursor as a client has it. */
class CursorReader {
  readonly documents: Document[] = []
  code: number | undefined
  readonly #bench: Bench
  readonly #more: Document

  private constructor(bench: Bench, db: string, { id, ns, firstBatch }: Document) {
    this.#bench = bench
    this.#more = { getMore: Long.fromBigInt(id), collection: ns.slice(ns.indexOf('.') + 1), $db: db }
    this.documents.push(...firstBatch)
  }

  static async open(bench: Bench, find: Document): Promise<CursorReader> {
    const { cursor } = await bench.command(find)
    return new CursorReader(bench, find['$db'], cursor)
  }

  /** A batch. Gives how many documents it had. */
  async next(batchSize: number): Promise<number> {
    if (this.code !== undefined || String(this.#more['getMore']) === '0') return 0
    const { ok, code, cursor } = await this.#bench.command({ ...this.#more, batchSize })
    if (ok !== 1) {
      this.code = code
      return 0
    }
    this.documents.push(...cursor.nextBatch)
    if (cursor.id === 0n) this.#more['getMore'] = Long.ZERO
    return cursor.nextBatch.length
  }

  async drain(): Promise<void> {
    while ((await this.next(5)) > 0);
  }
}

const oplog = { find: 'oplog.rs', tailable: true, batchSize: 1, $db: 'local' }

test('streams and followers of the log get all there was, or their part of it and the news that the rest is gone', async () => {
  let lostCount = 0
  await fc.assert(
    fc.asyncProperty(history(25), fc.nat(), async (ops, seed) => {
      const bench = await openBench()
      const { log } = bench.store.engine
      const choose = chooser(seed)
      const model = new Model()
      const changes = []
      const streams = scopes.map(scope => new Slow(bench, scope, choose(2) === 0 ? 1 : 2))
      for (const { reader } of streams) await reader.next()
      const follower = await CursorReader.open(bench, oplog)
      const slowFollower = await CursorReader.open(bench, oplog)
      const places = [log.newest.time]
      const snapshots: { readonly cursor: CursorReader; readonly expected: Document[] }[] = []
      for (const [number, op] of ops.entries()) {
        changes.push(...model.apply(op))
        for (const each of commandsOf(op, number + 1)) await bench.command(each)
        await bench.env.yieldTurn()
        await follower.drain()
        places.push(log.newest.time)
        const find = { find: 'a', $db: 'd', batchSize: 1, readConcern: { level: 'snapshot' } }
        const expected = [...(model.find({ db: 'd', coll: 'a' })?.documents.values() ?? [])]
        if (choose(3) === 0) snapshots.push({ cursor: await CursorReader.open(bench, find), expected })
        for (const stream of streams) if (choose(3) === 0) await stream.next(choose(4))
        if (choose(3) === 0) await slowFollower.next(choose(3) + 1)
        if (choose(3) === 0) await log.truncateBefore(places[choose(places.length)] ?? 0n)
      }
      for (const [index, stream] of streams.entries()) {
        await stream.drain()
        const told = toldBy(scopes[index] ?? '', changes, { expanded: true })
        const got = stream.reader.events.map(tellEvent)
        expect(got).toEqual(stream.code === undefined ? told : told.slice(0, got.length))
        expect([undefined, 286]).toContain(stream.code)
        if (stream.code !== undefined) lostCount++
        else stream.reader.close()
      }
      await slowFollower.drain()
      const all = follower.documents
      const got = slowFollower.documents
      expect(follower.code).toBe(undefined)
      expect([undefined, 136]).toContain(slowFollower.code)
      expect(got).toEqual(slowFollower.code === undefined ? all : all.slice(0, got.length))
      for (const { cursor, expected } of snapshots) {
        await cursor.drain()
        expect(cursor.code).toBe(undefined)
        const byId = (a: Document, b: Document) => a['_id'] - b['_id']
        expect(cursor.documents.toSorted(byId)).toEqual(expected.toSorted(byId))
      }
      await bench.close()
    }),
    { numRuns: 60 },
  )
  expect(lostCount).toBeGreaterThan(0)
})
