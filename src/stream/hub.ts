/**
 * The one reader of the log's end for the whole process, and the streams that are live.
 *
 * Each committed entry is read once, interpreted once, and offered to the streams whose scope can see it: found by namespace,
 * not by asking every stream. An event is made once for each shape that somebody wants, and its bytes are shared.
 *
 *   log.onAppend ──▶ pump ──▶ entry ──▶ change ──▶ subscribers of  db.coll | db | deployment
 *
 * `position` is the last entry that all subscribers have been offered. A stream goes live only when it has itself read as
 * far as that (change-stream.ts), so no entry falls between its own reading and what it is offered; what it has seen
 * already it knows by the position.
 *
 * Without subscribers nothing is read.
 */
import type { Env, Timer } from '../base/env.ts'
import { idleEntryMs, logReadBytesMax } from '../base/limits.ts'
import { Pace } from '../base/pace.ts'
import { encodeDocument } from '../bson/encode.ts'
import { commitChanges } from '../collection/apply.ts'
import { showNamespace } from '../collection/namespace.ts'
import type { Store } from '../collection/store.ts'
import { decodeEntry } from '../oplog/entry.ts'
import { comparePositions, type MaybePromise, type Position } from '../storage/engine.ts'
import { interpretEntry, type ChangeBasis } from './change.ts'
import { Offer } from './offer.ts'
import type { Scope } from './scope.ts'

/** A live stream, as the hub knows it. */
export interface Subscriber {
  readonly scope: Scope
  /** Never throws: what goes wrong is kept for the stream's own reader. */
  take(offer: Offer): MaybePromise<void>
  /** The log could not be read. The stream ends with that error. */
  fail(error: unknown): void
}

export class Hub {
  readonly #store: Store
  readonly #env: Env
  readonly #byScope = new Map<string, Set<Subscriber>>()
  readonly #stop: () => void
  #count = 0
  #position: Position = { time: 0n, index: 0 }
  #isPumping = false
  #idle: Timer | undefined
  #newestAtIdle: Position = { time: 0n, index: 0 }

  constructor(store: Store) {
    this.#store = store
    this.#env = store.env
    this.#stop = store.engine.log.onAppend(() => this.#wake())
  }

  /** The last entry that every subscriber has been offered. */
  get position(): Position {
    return this.#position
  }

  /** Live streams. */
  get count(): number {
    return this.#count
  }

  /** Whether a stream that has seen everything up to `seenTo` would miss nothing by subscribing now. */
  canJoin(seenTo: Position): boolean {
    return this.#count === 0 || comparePositions(this.#position, seenTo) <= 0
  }

  /** From now on `subscriber` is offered what its scope can see. `seenTo` is how far it has read itself (`canJoin`). */
  subscribe(subscriber: Subscriber, seenTo: Position): void {
    const key = scopeKey(subscriber.scope)
    const group = this.#byScope.get(key) ?? new Set()
    group.add(subscriber)
    this.#byScope.set(key, group)
    if (this.#count++ === 0) {
      this.#position = seenTo
      this.#watchIdleness()
    }
    this.#wake()
  }

  unsubscribe(subscriber: Subscriber): void {
    const key = scopeKey(subscriber.scope)
    const group = this.#byScope.get(key)
    if (group?.delete(subscriber) !== true) return
    if (group.size === 0) this.#byScope.delete(key)
    if (--this.#count === 0) this.#idle?.cancel()
  }

  close(): void {
    this.#stop()
    this.#idle?.cancel()
    this.#byScope.clear()
    this.#count = 0
  }

  #wake(): void {
    if (this.#isPumping || this.#count === 0) return
    this.#isPumping = true
    void this.#pump()
      .catch((error: unknown) => this.#failAll(error))
      .finally(() => {
        this.#isPumping = false
      })
  }

  async #pump(): Promise<void> {
    const { log } = this.#store.engine
    const pace = new Pace(this.#env)
    // Looking once more after an empty answer is not needed: an append during the reading is part of the next answer, and
    // one after it wakes us again.
    while (this.#count > 0 && comparePositions(log.newest, this.#position) > 0) {
      let at = this.#position
      const entries = await log.readAfter(at, { bytesMax: logReadBytesMax })
      for (const { position, bytes } of entries) {
        // The last stream left and another one joined while we waited: it wants to be offered what is behind its own place.
        if (this.#position !== at) break
        const change = interpretEntry(decodeEntry(bytes), position)
        const offered = change && this.#offer(change)
        if (offered !== undefined) await offered
        if (this.#position !== at) break
        this.#position = at = position
        const pause = pace.step()
        if (pause !== undefined) await pause
      }
      if (entries.length === 0) return
    }
  }

  /** A promise only if somebody needs to wait for a look-up. */
  #offer(change: ChangeBasis): Promise<void> | undefined {
    const subscribers = this.#subscribersOf(change)
    if (subscribers.length === 0) return undefined
    const offer = new Offer(this.#store, change)
    let waits: Promise<void> | undefined
    for (const subscriber of subscribers) {
      if (waits !== undefined) waits = waits.then(() => subscriber.take(offer))
      else waits = subscriber.take(offer) as Promise<void> | undefined
    }
    return waits
  }

  #subscribersOf({ namespace: { db, coll }, to }: ChangeBasis): Subscriber[] {
    const keys = new Set(['', db])
    if (coll !== undefined) keys.add(`${db}.${coll}`)
    if (to !== undefined) keys.add(to.db).add(showNamespace(to))
    const found: Subscriber[] = []
    for (const key of keys) {
      const group = this.#byScope.get(key)
      if (group !== undefined) found.push(...group)
    }
    return found
  }

  #failAll(error: unknown): void {
    for (const group of [...this.#byScope.values()]) for (const subscriber of [...group]) subscriber.fail(error)
  }

  /**
   * While streams are open and nobody writes, an entry that says nothing is written now and then, so that their resume
   * tokens keep up with the time and do not fall out of the history. Source: MongoDB's periodic no-op.
   */
  #watchIdleness(): void {
    this.#newestAtIdle = this.#store.engine.log.newest
    this.#idle = this.#env.after(idleEntryMs, () => {
      const isIdle = comparePositions(this.#store.engine.log.newest, this.#newestAtIdle) === 0
      const written = isIdle ? this.#writeIdleEntry() : Promise.resolve()
      void written.then(
        () => {
          if (this.#count > 0) this.#watchIdleness()
        },
        () => undefined, // The engine refuses writes; whoever writes is told. Streams go on without moving.
      )
    })
  }

  async #writeIdleEntry(): Promise<void> {
    const o = encodeDocument({ msg: 'periodic noop' })
    const entry = { op: 'n' as const, ns: '', o, wallMs: this.#env.wallMs() }
    await this.#store.engine.write(transaction => commitChanges(transaction, this.#store.catalog, [{ entry }]))
  }
}

/** No database is called the empty string, and none has a dot in its name. */
function scopeKey(scope: Scope): string {
  switch (scope.kind) {
    case 'collection':
      return showNamespace(scope.namespace)
    case 'database':
      return scope.db
    case 'deployment':
      return ''
  }
}
