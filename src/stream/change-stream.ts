/**
 * One change stream, as its cursor reads it.
 *
 *   starting ──▶ catching-up ──▶ live ──▶ ended            ended: behind an invalidate, or with an error
 *     ▲  │            ▲           │
 *     │  ▼            └─ lagging ─┘                        the backlog grew past its bound: it is dropped, not the place
 *    early                                                 the log has not come to the token yet
 *                                          closed          from everywhere, and for good
 *
 * Catching up, the stream reads the log itself, while it is asked and one piece ahead. At the end of the log it joins the hub in the same
 * turn in which it knows that the hub is no further; from then on it is offered each change as it is committed. Where the
 * two overlap, positions decide: nothing at or before `#seenTo` is taken again.
 *
 * What is offered and what is read goes through the same view, and waits in the backlog until a getMore takes it. A getMore that
 * finds the backlog empty waits, and is woken by the first event; nothing polls.
 *
 * The postBatchResumeToken is that of the last event taken, or, when everything up to some later time was seen and
 * nothing is left, the high-water mark of that time. A filter that matches nothing would otherwise make the next resume read
 * the same history again. Source: mongodb/specifications, change-streams, "postBatchResumeToken".
 */
import {
  backlogBytesMax,
  batchBytesMax,
  catchUpMsMax,
  logReadBytesMax,
  readAheadCountMax,
  searchMsMax,
} from '../base/limits.ts'
import { Pace } from '../base/pace.ts'
import type { Store } from '../collection/store.ts'
import { BatchDocuments, type Batch, type BatchLimits, type CursorSource } from '../cursor/source.ts'
import { justBefore } from '../oplog/cluster-time.ts'
import { decodeEntry } from '../oplog/entry.ts'
import { highWaterMarkToken } from '../oplog/resume-token.ts'
import { comparePositions, type Position } from '../storage/engine.ts'
import type { Subscriber } from './audiences.ts'
import { Backlog } from './backlog.ts'
import type { Holder } from './backlog-budget.ts'
import { interpretEntry, type ChangeBasis } from './change.ts'
import type { Hub } from './hub.ts'
import { Offer } from './offer.ts'
import type { Start } from './options.ts'
import type { State, StreamReport } from './report.ts'
import { isInvalidatedBy } from './scope.ts'
import { differentSplit } from './split.ts'
import { findPlace, findTokenChange, requireUnbroken } from './start.ts'
import { isEnd, type Item, type View } from './view.ts'

export interface ChangeStreamParts {
  readonly store: Store
  readonly hub: Hub
  readonly view: View
  readonly start: Start
  /** What may wait for the client while the stream is live. */
  readonly backlogBytesMax?: number
}

export class ChangeStream implements CursorSource, Subscriber, Holder {
  readonly awaitsData = true
  readonly view: View
  readonly #store: Store
  readonly #hub: Hub
  readonly #start: Start
  readonly #backlogBytesMax: number
  #state: State = 'starting'
  /** Everything up to here is in the backlog, or was taken, or was not for us. While live, the hub knows better. */
  #seenTo: Position
  readonly #backlog: Backlog
  /** Of the last item taken: what else waits of its change has to stay. Undefined before the first. */
  #takenTo: Position | undefined
  /** Counts how often the stream was sent back in the log: what was being read then is out of date. */
  #generation = 0
  #isAsked = false
  /** The postBatchResumeToken, and the time in it. */
  #token: Uint8Array
  #tokenTime: bigint
  /** Log entries that the stream read by itself, not those that the hub read for all. */
  #entriesRead = 0
  /** Ends the wait of the getMore that waits; undefined when none does. */
  #wake: (() => void) | undefined
  /** History that is being read while the client is busy with a batch; undefined when none is. Never rejects. */
  #ahead: Promise<void> | undefined

  constructor({ store, hub, view, start, ...limits }: ChangeStreamParts) {
    this.view = view
    this.#store = store
    this.#hub = hub
    this.#backlog = new Backlog(hub.backlogs)
    this.#start = start
    this.#backlogBytesMax = limits.backlogBytesMax ?? backlogBytesMax
    // A stream without a start begins one increment behind the newest commit, decided now and not at its first getMore.
    const now = store.engine.log.newest.time + 1n
    this.#tokenTime = start.kind === 'now' ? now : start.kind === 'at' ? start.time : start.parts.clusterTime
    this.#token = start.kind === 'now' ? highWaterMarkToken(now, view.shape.tokenVersion) : start.token
    this.#seenTo = justBefore(this.#tokenTime)
  }

  async next(limits: BatchLimits): Promise<Batch> {
    this.#isAsked = true
    this.#hub.backlogs.wake(this)
    try {
      return await this.#next(limits)
    } finally {
      this.#isAsked = false
      this.#keepWithinBounds()
    }
  }

  async #next({ countMax, waitMs, signal, check }: BatchLimits): Promise<Batch> {
    const { env, engine } = this.#store
    const beganMs = env.monotonicMs()
    const { newest } = engine.log
    const pace = new Pace(env, check)
    const batch = new BatchDocuments(countMax)
    while (!batch.isFull) {
      const item = this.#backlog.first
      if (item !== undefined) {
        if (!this.#takeItem(item, batch)) break
        continue
      }
      if (this.#state === 'closed') break
      if (this.#state === 'ended') {
        return { documents: batch.documents, exhausted: true, extra: this.#extra('invalidated') }
      }
      check()
      const spentMs = env.monotonicMs() - beganMs
      if (this.#isReading()) {
        // Events that are there are not kept back until a long history has been read to its end.
        if (spentMs > (batch.isEmpty ? Math.max(waitMs, searchMsMax) : catchUpMsMax)) break
        await this.#read(pace)
      } else if (!batch.isEmpty || !(await this.#awaitNews(waitMs - spentMs, { newest, signal }))) break
    }
    // A full batch ends with its last event; whether anything lies behind that was not looked for.
    if (!batch.isFull) this.#moveToken()
    this.#readAhead(batch.bytes)
    return { documents: batch.documents, exhausted: false, extra: this.#extra() }
  }

  /** How it is doing at this moment. */
  get report(): StreamReport {
    const { first, count, bytes } = this.#backlog
    const seenTo = this.#state === 'live' ? later(this.#seenTo, this.#hub.position) : this.#seenTo
    return {
      state: this.#state,
      scope: this.view.scope,
      place: first === undefined ? seenTo : before(first.position),
      readTo: first === undefined ? seenTo.time : this.#tokenTime,
      backlog: { count, bytes },
      entriesRead: this.#entriesRead,
      isWaiting: this.#wake !== undefined,
    }
  }

  close(): void {
    this.#leave('closed')
    this.#backlog.clear()
    this.#hub.backlogs.wake(this)
    this.#wake?.()
  }

  take(items: readonly Item[]): void {
    const [first] = items
    if (this.#state !== 'live' || first === undefined) return
    if (comparePositions(first.position, this.#seenTo) <= 0) return
    if (this.#backlog.isEmpty) this.#seenTo = later(this.#seenTo, this.#hub.position)
    this.#backlog.push(items)
    if (isEnd(items)) this.#leave('ended')
    else if (this.#backlog.bytes > this.#backlogBytesMax) this.shed()
    this.#keepWithinBounds()
    this.#wake?.()
  }

  fail(error: unknown): void {
    if (this.#state !== 'live') return
    this.#backlog.push([{ kind: 'error', position: this.#hub.position, error }])
    this.#leave('ended')
    this.#wake?.()
  }

  /**
   * The documents go, the place stays: the log has all that is behind it. The rest of a change that was taken in part is kept, for
   * what it comes to may be another thing the next time.
   */
  shed(): void {
    const { first, count } = this.#backlog
    if (first === undefined || this.#backlog.bytes === 0) return
    const isTakenInPart = this.#takenTo !== undefined && comparePositions(first.position, this.#takenTo) === 0
    if (isTakenInPart) this.#backlog.dropBehind(first.position)
    else this.#backlog.clear()
    if (this.#backlog.count === count) return
    this.#seenTo = isTakenInPart ? first.position : before(first.position)
    this.#generation++
    this.#leave('catching-up')
  }

  /** The backlog of a stream that is not being read counts with those of all others, and the longest unread go first. */
  #keepWithinBounds(): void {
    if (this.#isAsked) return
    const { backlogs } = this.#hub
    if (this.#backlog.isEmpty) backlogs.wake(this)
    else backlogs.rest(this)
    backlogs.enforce()
  }

  #leave(state: 'ended' | 'catching-up' | 'closed'): void {
    this.#hub.unsubscribe(this)
    this.#state = state
  }

  /** Takes the first item out of the backlog, into the batch. False when it belongs to a later batch. @throws its error. */
  #takeItem(item: Item, batch: BatchDocuments): boolean {
    if (item.kind === 'error') {
      // What was before it is delivered first.
      if (!batch.isEmpty) return false
      throw item.error
    }
    if (item.document !== undefined && !batch.add(item.document)) return false
    this.#backlog.drop()
    this.#takenTo = item.position
    this.#seenTo = later(this.#seenTo, item.position)
    this.#token = item.token
    this.#tokenTime = item.position.time
    return true
  }

  /** Whether there is something to be read now, by the stream itself. */
  #isReading(): boolean {
    return this.#state !== 'live' && !this.#isEarly()
  }

  /** Whether the stream waits for the log to come to its token. */
  #isEarly(): boolean {
    return this.#state === 'early' && this.#store.engine.log.newest.time < this.#tokenTime
  }

  async #read(pace: Pace): Promise<void> {
    if (this.#ahead !== undefined) await this.#ahead
    else if (this.#state === 'catching-up') await this.#catchUp(pace)
    else await this.#begin()
  }

  /**
   * While the client works on a batch of history, as much again is made ready for it, so that a long history is delivered as
   * fast as the client takes it. Not more: what is read while the client asks again is what it has to wait for.
   */
  #readAhead(bytesWanted: number): void {
    if (this.#ahead !== undefined || this.#state !== 'catching-up') return
    const { env } = this.#store
    const read = async () => {
      await env.yieldTurn()
      const pace = new Pace(env)
      for (let count = 0; count < readAheadCountMax && this.#backlog.bytes < bytesWanted; count++) {
        if (this.#state !== 'catching-up' || this.#hub.backlogs.isSpent) return
        await this.#catchUp(pace)
        this.#keepWithinBounds()
      }
    }
    this.#ahead = read()
      .catch((error: unknown) => {
        if (this.#isClosed()) return
        this.#backlog.push([{ kind: 'error', position: this.#seenTo, error }])
        this.#leave('ended')
      })
      .finally(() => {
        this.#ahead = undefined
      })
  }

  /** Finds the place to begin at. @throws CommandError when there is none. */
  async #begin(): Promise<void> {
    const { log } = this.#store.engine
    const start = this.#start
    if (start.kind !== 'after') {
      const place = await findPlace(log, this.#tokenTime)
      return this.#goOn('catching-up', place)
    }
    const change = await findTokenChange(log, start.parts, this.view.scope)
    if (change === undefined) return this.#goOn('early', this.#seenTo)
    const items = await this.#restOf(change, start.parts)
    this.#goOn(isEnd(items) ? 'ended' : 'catching-up', change.position)
    if (this.#isClosed()) return
    this.#takenTo = change.position
    this.#backlog.push(items)
  }

  /** What was still to come of the token's own change: fragments behind the token's, and the invalidate. */
  async #restOf(
    change: ChangeBasis,
    { fragmentNum, fromInvalidate, version }: Extract<Start, { kind: 'after' }>['parts'],
  ): Promise<readonly Item[]> {
    if (fragmentNum !== undefined) {
      const items = await this.view.evaluate(new Offer(this.#store, change))
      if (isEnd(items)) return items
      if (items.length < 2 || fragmentNum >= items.length) throw differentSplit()
      return items.slice(fragmentNum + 1)
    }
    if (fromInvalidate || !isInvalidatedBy(this.view.scope, change)) return []
    // In the token's own version, so that it is behind it. A token of version 0 could not say that it is of an invalidate.
    return this.view.invalidation(change, version === 0 ? undefined : version)
  }

  /** Reads a piece of the log; at its end, goes live. */
  async #catchUp(pace: Pace): Promise<void> {
    const { log } = this.#store.engine
    const generation = this.#generation
    const isOver = () => this.#isClosed() || generation !== this.#generation
    const entries = await log.readAfter(this.#seenTo, { bytesMax: logReadBytesMax })
    if (isOver()) return
    requireUnbroken(log, this.#seenTo)
    if (entries.length === 0) return this.#goLive()
    for (const { position, bytes } of entries) {
      this.#entriesRead++
      const change = interpretEntry(decodeEntry(bytes), position)
      if (change !== undefined && this.view.sees(change)) {
        const evaluated = this.view.evaluate(new Offer(this.#store, change))
        const items = evaluated instanceof Promise ? await evaluated : evaluated
        if (isOver()) return
        this.#backlog.push(items)
        if (isEnd(items)) return this.#goOn('ended', position)
      }
      this.#seenTo = position
      if (this.#backlog.bytes > batchBytesMax) return
      if (this.#hub.backlogs.isSpent && !this.#backlog.isEmpty) return
      const pause = pace.step()
      if (pause !== undefined) await pause
      if (isOver()) return
    }
  }

  /** If the hub is further, there is more to read first. */
  #goLive(): void {
    if (!this.#hub.canJoin(this.#seenTo)) return
    this.#state = 'live'
    this.#hub.subscribe(this, this.#seenTo)
  }

  #goOn(state: 'early' | 'catching-up' | 'ended', seenTo: Position): void {
    if (this.#isClosed()) return
    this.#state = state
    this.#seenTo = seenTo
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  /**
   * Waits for something new, at most `leftMs`; when no time is left, for what was committed when the client asked, up to
   * `newest`, which is not kept from it. False when there is nothing to wait for.
   */
  async #awaitNews(
    leftMs: number,
    { newest, signal }: { readonly newest: Position; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const waiting =
      leftMs > 0 ? this.#wait(leftMs, signal) : this.#state === 'live' ? this.#hub.reach(newest) : undefined
    await waiting
    return waiting !== undefined
  }

  /** Waits until something is in the backlog, at most `waitMs`, or until `signal` says stop. */
  #wait(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (signal.aborted) return resolve()
      const finish = () => {
        timer.cancel()
        stop?.()
        signal.removeEventListener('abort', finish)
        this.#wake = undefined
        resolve()
      }
      const timer = this.#store.env.after(waitMs, finish)
      const stop = this.#state === 'early' ? this.#store.engine.log.onAppend(finish) : undefined
      signal.addEventListener('abort', finish)
      this.#wake = finish
    })
  }

  /** The token moves to the time up to which everything was seen, if nothing is left and that is further. */
  #moveToken(): void {
    if (!this.#backlog.isEmpty || (this.#state !== 'live' && this.#state !== 'catching-up')) return
    if (this.#state === 'live') this.#seenTo = later(this.#seenTo, this.#hub.position)
    const { time } = this.#seenTo
    if (time <= this.#tokenTime) return
    this.#tokenTime = time
    this.#token = highWaterMarkToken(time, this.view.shape.tokenVersion)
  }

  #extra(end?: 'invalidated') {
    return { postBatchResumeToken: this.#token, ...(end === undefined ? {} : { invalidated: true }) }
  }
}

const before = ({ time, index }: Position): Position => (index === 0 ? justBefore(time) : { time, index: index - 1 })

const later = (a: Position, b: Position): Position => (comparePositions(a, b) < 0 ? b : a)
