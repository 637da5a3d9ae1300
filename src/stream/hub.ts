/**
 * The one reader of the log's end for the whole process, and the streams that are live.
 *
 *   log.onAppend ──▶ pump ──▶ entry ──▶ change ──▶ audiences that may see it ──▶ items ──▶ streams
 *
 * Each committed entry is read once and interpreted once; its event is made once for each shape that somebody wants, and goes
 * through equal stages once.
 *
 *   … entry  entry  entry  entry  entry newest
 *             ▲      ▲
 *      position      offering
 *
 * A stream joins only when it has itself read as far as `offering` (change-stream.ts), so no entry falls between its own reading
 * and what it is offered. Where the two overlap, it knows by the position what it has seen already.
 *
 * Without streams nothing is read, and no timer runs.
 */
import type { Timer } from '../base/env.ts'
import { allBacklogsBytesMax, idleEntryMs, logReadBytesMax } from '../base/limits.ts'
import { Pace } from '../base/pace.ts'
import { encodeDocument } from '../bson/encode.ts'
import { commitChanges } from '../collection/apply.ts'
import type { Store } from '../collection/store.ts'
import { decodeEntry } from '../oplog/entry.ts'
import { comparePositions, type Position } from '../storage/engine.ts'
import { Audiences, type Audience, type Subscriber } from './audiences.ts'
import { BacklogBudget } from './backlog-budget.ts'
import { interpretEntry, type ChangeBasis } from './change.ts'
import { Offer } from './offer.ts'
import { requireUnbroken } from './start.ts'
import type { Item, LargeEvents } from './view.ts'

export class Hub {
  /** Of all views of the process. */
  readonly largeEvents: LargeEvents = { split: 0, failed: 0 }
  readonly backlogs: BacklogBudget
  readonly #store: Store
  readonly #audiences = new Audiences()
  readonly #stop: () => void
  /** The last entry that every stream has been offered. */
  #position: Position = { time: 0n, index: 0 }
  /** The entry that is being offered, or was last. */
  #offering: Position = this.#position
  /** Counts how often the place was chosen anew, because there was no stream and then one came. */
  #generation = 0
  #isPumping = false
  #isClosed = false
  #idle: Timer | undefined
  /** Who waits for `#position` to come somewhere; nearest first. */
  readonly #awaiting: { readonly position: Position; readonly resolve: () => void }[] = []

  constructor(store: Store, { backlogsBytesMax = allBacklogsBytesMax } = {}) {
    this.backlogs = new BacklogBudget(backlogsBytesMax)
    this.#store = store
    this.#stop = store.engine.log.onAppend(() => this.#wake())
  }

  /** The last entry that every live stream has been offered. */
  get position(): Position {
    return this.#position
  }

  /** Live streams. */
  get count(): number {
    return this.#audiences.count
  }

  /**
   * Resolves when every live stream has been offered the entries up to `position`, which is not behind the newest, or when that
   * will not happen; undefined when it has happened.
   */
  reach(position: Position): Promise<void> | undefined {
    if (!this.#isPumping || comparePositions(this.#position, position) >= 0) return undefined
    return new Promise(resolve => this.#awaiting.push({ position, resolve }))
  }

  /** Whether a stream that has seen everything up to `seenTo` would miss nothing by subscribing in this turn. */
  canJoin(seenTo: Position): boolean {
    return this.count === 0 || comparePositions(this.#offering, seenTo) <= 0
  }

  /** From now on `subscriber` is offered what its view can see. `seenTo` is how far it has read itself (`canJoin`). */
  subscribe(subscriber: Subscriber, seenTo: Position): void {
    if (this.#isClosed) return
    if (this.count === 0) {
      const { newest } = this.#store.engine.log
      // A stream that starts in the future has seen what there is.
      this.#position = this.#offering = comparePositions(seenTo, newest) < 0 ? seenTo : newest
      this.#generation++
      this.#watchIdleness()
    }
    this.#audiences.add(subscriber)
    this.#wake()
  }

  /** Harmless when it is not there. */
  unsubscribe(subscriber: Subscriber): void {
    if (this.#audiences.remove(subscriber) && this.count === 0) this.#endIdleness()
  }

  close(): void {
    this.#isClosed = true
    this.#stop()
    for (const subscriber of this.#audiences.all()) this.unsubscribe(subscriber)
  }

  #wake(): void {
    if (!this.#isPumping && this.count > 0) void this.#pump()
  }

  /** Offers what is new until there is nothing new. Never rejects. */
  async #pump(): Promise<void> {
    this.#isPumping = true
    const pace = new Pace(this.#store.env)
    try {
      // An append during the last look is part of its answer; one after it finds nobody pumping and wakes us again.
      while (this.count > 0 && comparePositions(this.#store.engine.log.newest, this.#position) > 0) {
        if (!(await this.#readOn(pace))) break
      }
    } catch (error) {
      for (const subscriber of this.#audiences.all()) subscriber.fail(error)
    } finally {
      this.#isPumping = false
      for (const { resolve } of this.#awaiting.splice(0)) resolve()
    }
  }

  /** Offers a piece of the log. False when there is none. */
  async #readOn(pace: Pace): Promise<boolean> {
    const { log } = this.#store.engine
    const generation = this.#generation
    const place = this.#position
    const entries = await log.readAfter(place, { bytesMax: logReadBytesMax })
    if (generation !== this.#generation) return true
    requireUnbroken(log, place)
    for (const { position, bytes } of entries) {
      this.#offering = position
      const change = interpretEntry(decodeEntry(bytes), position)
      const offered = change && this.#offer(change, pace)
      if (offered !== undefined) await offered
      if (generation !== this.#generation) return true
      this.#position = position
      while (this.#hasReached(this.#awaiting[0]?.position)) this.#awaiting.shift()?.resolve()
      const pause = pace.step()
      if (pause !== undefined) await pause
      if (generation !== this.#generation) return true
    }
    return entries.length > 0
  }

  #hasReached(position: Position | undefined): boolean {
    return position !== undefined && comparePositions(this.#position, position) >= 0
  }

  /** A promise only if somebody needs to wait, for a look-up or because it takes long. */
  #offer(change: ChangeBasis, pace: Pace): Promise<unknown> | undefined {
    const offer = new Offer(this.#store, change)
    const waits: Promise<unknown>[] = []
    let pause: Promise<void> | undefined
    const ask = (audiences: Iterable<Audience>): Promise<void>[] => {
      const asked: Promise<void>[] = []
      for (const { view, members } of audiences) {
        const items = view.evaluate(offer)
        if (items instanceof Promise) asked.push(items.then(made => give(made, members)))
        else give(items, members)
        pause ??= pace.step()
      }
      return asked
    }
    for (const found of this.#audiences.find(offer)) {
      if (found instanceof Promise) waits.push(found.then(audiences => Promise.all(ask(audiences))))
      else waits.push(...ask(found))
    }
    if (pause !== undefined) waits.push(pause)
    return waits.length === 0 ? undefined : Promise.all(waits)
  }

  /**
   * While streams are live and nobody writes, an entry that says nothing is written now and then, so that their resume tokens
   * keep up with the time and do not fall out of the history. Source: MongoDB's periodic no-op.
   */
  #watchIdleness(): void {
    const { log } = this.#store.engine
    const { newest } = log
    const timer = this.#store.env.after(idleEntryMs, () => {
      const isIdle = comparePositions(log.newest, newest) === 0
      void (isIdle ? this.#writeIdleEntry() : Promise.resolve()).then(
        () => {
          if (this.#idle === timer) this.#watchIdleness()
        },
        () => undefined, // The engine refuses writes; whoever writes is told. Streams go on without moving.
      )
    })
    this.#idle = timer
  }

  #endIdleness(): void {
    this.#idle?.cancel()
    this.#idle = undefined
  }

  async #writeIdleEntry(): Promise<void> {
    const o = encodeDocument({ msg: 'periodic noop' })
    const entry = { op: 'n' as const, ns: '', o, wallMs: this.#store.env.wallMs() }
    await this.#store.engine.write(transaction => commitChanges(transaction, this.#store.catalog, [{ entry }]))
  }
}

function give(items: readonly Item[], members: Iterable<Subscriber>): void {
  if (items.length > 0) for (const member of members) member.take(items)
}
