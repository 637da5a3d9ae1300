/**
 * One change stream, as its cursor reads it.
 *
 *   starting ──▶ catching up ──▶ live ──▶ ended            ended: behind an invalidate, or after an error
 *                     ▲            │
 *                     └── lagging ─┘                       the backlog grew past its bound: it is dropped, not the place
 *
 * Catching up, the stream reads the log itself, only while it is asked. At the end of the log it joins the hub in the same
 * turn in which it knows that the hub is no further; from then on it is offered each change as it is committed. Where the
 * two overlap, positions decide: nothing at or before `#seenTo` is taken again.
 *
 * What is offered goes through the same `#evaluate` as what is read, and waits in the backlog until a getMore takes it. A
 * getMore that finds the backlog empty waits, and is woken by the first event; nothing polls.
 *
 * The postBatchResumeToken is that of the last event taken, or, when everything up to some later time was seen and
 * nothing is left, the high-water mark of that time. A filter that matches nothing would otherwise make the next resume read
 * the same history again. Source: mongodb/specifications, change-streams, "postBatchResumeToken".
 */
import type { Timer } from '../base/env.ts'
import { CommandError } from '../base/errors.ts'
import {
  backlogBytesMax,
  batchBytesMax,
  catchUpMsMax,
  documentBytesInternalMax,
  logReadBytesMax,
} from '../base/limits.ts'
import { Pace } from '../base/pace.ts'
import { sameBytes } from '../bson/bytes.ts'
import { fieldName, findField } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { BsonType, documentBytes, documentValue } from '../bson/value.ts'
import type { Store } from '../collection/store.ts'
import type { Batch, BatchLimits, CursorSource } from '../cursor/source.ts'
import { decodeEntry } from '../oplog/entry.ts'
import { highWaterMarkToken } from '../oplog/resume-token.ts'
import { comparePositions, type MaybePromise, type Position } from '../storage/engine.ts'
import { interpretEntry, type ChangeBasis } from './change.ts'
import { makeInvalidate, type ChangeEvent } from './event.ts'
import type { Hub, Subscriber } from './hub.ts'
import { Offer } from './offer.ts'
import type { ChangeStreamOptions } from './options.ts'
import { isInvalidatedBy, watchesChange } from './scope.ts'
import { findTokenChange, justBefore, requireReachable } from './start.ts'

/** What one change came to for this stream: a document to deliver, an error to throw, or nothing but an end. */
interface Item {
  readonly position: Position
  readonly token: Uint8Array
  readonly document: Uint8Array | undefined
  readonly error: CommandError | undefined
  /** The stream ends behind it. */
  readonly isLast: boolean
}

type State = 'starting' | 'catching-up' | 'live' | 'ended'

export interface ChangeStreamParts {
  readonly store: Store
  readonly hub: Hub
  readonly options: ChangeStreamOptions
  /** The user's stages: what an event becomes, undefined when it is filtered out. */
  readonly pipeline: (event: Uint8Array) => Uint8Array | undefined
}

const idField = fieldName('_id')

export class ChangeStream implements CursorSource, Subscriber {
  readonly awaitsData = true
  readonly #store: Store
  readonly #hub: Hub
  readonly #options: ChangeStreamOptions
  readonly #pipeline: ChangeStreamParts['pipeline']
  #state: State = 'starting'
  /** Everything up to here is in the backlog, or was delivered, or was not for us. While live, the hub knows better. */
  #seenTo: Position
  #backlog: Item[] = []
  #backlogBytes = 0
  /** The postBatchResumeToken, and the time in it. */
  #token: Uint8Array
  #tokenTime: bigint
  /** Ends the wait of the getMore that waits; undefined when none does. */
  #wake: (() => void) | undefined

  constructor({ store, hub, options, pipeline }: ChangeStreamParts) {
    this.#store = store
    this.#hub = hub
    this.#options = options
    this.#pipeline = pipeline
    const { start } = options
    // A stream without a start begins one increment behind the newest commit, decided now and not at its first getMore.
    const now = store.engine.log.newest.time + 1n
    this.#tokenTime = start.kind === 'now' ? now : start.kind === 'at' ? start.time : start.parts.clusterTime
    this.#token = start.kind === 'now' ? highWaterMarkToken(now) : start.token
    this.#seenTo = justBefore(this.#tokenTime)
  }

  get scope() {
    return this.#options.scope
  }

  async next({ countMax, waitMs, signal, check }: BatchLimits): Promise<Batch> {
    const { env } = this.#store
    const documents: Uint8Array[] = []
    const beganMs = env.monotonicMs()
    let bytes = 0
    if (countMax > 0 && this.#state === 'starting') await this.#begin()
    while (documents.length < countMax) {
      const item = this.#backlog[0]
      if (item !== undefined) {
        if (documents.length > 0 && bytes + (item.document?.length ?? 0) > batchBytesMax) break
        const document = this.#takeItem(item)
        if (document !== undefined) documents.push(document)
        bytes += document?.length ?? 0
        continue
      }
      if (this.#state === 'ended') return { documents, exhausted: true, extra: this.#extra({ invalidated: true }) }
      check()
      const leftMs = beganMs + waitMs - env.monotonicMs()
      if (this.#state === 'catching-up') {
        // Events that are there are not kept back until a long history has been read to its end.
        if (documents.length > 0 && env.monotonicMs() - beganMs > catchUpMsMax) break
        if (await this.#catchUp(new Pace(env, check))) continue
        if (leftMs <= 0) break
      } else if (documents.length > 0 || leftMs <= 0) break
      else if (this.#state === 'starting') await this.#awaitStart(leftMs, signal)
      else await this.#wait(leftMs, signal)
    }
    this.#moveToken()
    return { documents, exhausted: false, extra: this.#extra() }
  }

  close(): void {
    this.#state = 'ended'
    this.#hub.unsubscribe(this)
    this.#dropBacklog()
    this.#wake?.()
  }

  /** A change that was just committed, from the hub. */
  take(offer: Offer): MaybePromise<void> {
    if (this.#state !== 'live') return
    const items = this.#evaluate(offer)
    if (items instanceof Promise) return items.then(made => this.#keep(made))
    this.#keep(items)
  }

  fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    const refusal = error instanceof CommandError ? error : new CommandError('OperationFailed', message)
    this.#keep([{ position: this.#seenTo, token: this.#token, document: undefined, error: refusal, isLast: true }])
  }

  #keep(items: readonly Item[]): void {
    if (this.#state !== 'live' || items.length === 0) return
    for (const item of items) {
      if (this.#backlog.length === 0) this.#seenTo = later(this.#seenTo, this.#hub.position)
      this.#backlog.push(item)
      this.#backlogBytes += item.document?.length ?? 0
      if (item.isLast) this.#leave('ended')
    }
    if (this.#backlogBytes > backlogBytesMax) {
      // The documents go, the place stays: `#seenTo` is behind what was taken last, and the log has the rest.
      this.#dropBacklog()
      this.#leave('catching-up')
    }
    this.#wake?.()
  }

  #leave(state: 'ended' | 'catching-up'): void {
    this.#hub.unsubscribe(this)
    this.#state = state
  }

  #dropBacklog(): void {
    this.#backlog = []
    this.#backlogBytes = 0
  }

  /** Takes the first item out of the backlog. @throws CommandError when it is an error. */
  #takeItem(item: Item): Uint8Array | undefined {
    this.#backlog.shift()
    this.#backlogBytes -= item.document?.length ?? 0
    if (item.error !== undefined) throw item.error
    this.#seenTo = later(this.#seenTo, item.position)
    this.#token = item.token
    this.#tokenTime = item.position.time
    return item.document
  }

  /** Finds the place to begin at. @throws CommandError when there is none. */
  async #begin(): Promise<void> {
    const { start } = this.#options
    const { log } = this.#store.engine
    if (start.kind !== 'now') await requireReachable(log, this.#tokenTime)
    if (start.kind === 'after') {
      const change = await findTokenChange(log, start.parts)
      if (change === undefined) return
      this.#seenTo = change.position
      // The invalidate behind the token's event has not been delivered yet, unless the token is its own.
      if (!start.parts.fromInvalidate && isInvalidatedBy(this.scope, change)) {
        this.#backlog.push(this.#invalidateItem(change))
        this.#state = 'ended'
        return
      }
    }
    this.#state = 'catching-up'
  }

  /** A token from the future: nothing to do until the log has come that far. */
  async #awaitStart(waitMs: number, signal: AbortSignal): Promise<void> {
    const stop = this.#store.engine.log.onAppend(() => this.#wake?.())
    try {
      await this.#wait(waitMs, signal)
    } finally {
      stop()
    }
    await this.#begin()
  }

  /** Reads a piece of the log. False at its end, where the stream has gone live if it could. */
  async #catchUp(pace: Pace): Promise<boolean> {
    const { log } = this.#store.engine
    const entries = await log.readAfter(this.#seenTo, { bytesMax: logReadBytesMax })
    if (this.#state !== 'catching-up') return true // closed meanwhile
    if (entries.length === 0) {
      if (!this.#hub.canJoin(this.#seenTo)) return true
      this.#state = 'live'
      this.#hub.subscribe(this, this.#seenTo)
      return true
    }
    for (const { position, bytes } of entries) {
      const change = interpretEntry(decodeEntry(bytes), position)
      if (change !== undefined) {
        const items = await this.#evaluate(new Offer(this.#store, change))
        this.#backlog.push(...items)
        for (const { document } of items) this.#backlogBytes += document?.length ?? 0
        if (items.at(-1)?.isLast === true) {
          this.#state = 'ended'
          return true
        }
      }
      this.#seenTo = position
      if (this.#backlogBytes > batchBytesMax) return true
      const pause = pace.step()
      if (pause !== undefined) await pause
    }
    return this.#backlog.length > 0
  }

  /** What a change comes to here: usually nothing or one item. Synchronous unless a document has to be looked up. */
  #evaluate(offer: Offer): MaybePromise<readonly Item[]> {
    const { change } = offer
    const { shape, matchCollectionUUIDForUpdateLookup } = this.#options
    if (comparePositions(change.position, this.#seenTo) <= 0) return []
    if (change.isExpanded && !shape.showExpandedEvents) return []
    if (!watchesChange(this.scope, change)) return []
    const event = offer.eventFor(shape, { sameCollection: matchCollectionUUIDForUpdateLookup })
    return event instanceof Promise ? event.then(made => this.#itemsOf(change, made)) : this.#itemsOf(change, event)
  }

  #itemsOf(change: ChangeBasis, event: ChangeEvent): readonly Item[] {
    const item = this.#itemOf(change, event, { isLast: false })
    const items = item === undefined ? [] : [item]
    if (isInvalidatedBy(this.scope, change) && item?.error === undefined) items.push(this.#invalidateItem(change))
    return items
  }

  #invalidateItem(change: ChangeBasis): Item {
    const event = makeInvalidate(change)
    const item = this.#itemOf(change, event, { isLast: true })
    // A filter may hide the invalidate; the stream ends there all the same.
    return (
      item ?? { position: change.position, token: event.token, document: undefined, error: undefined, isLast: true }
    )
  }

  /** The item of one event; undefined when the pipeline filters it out. */
  #itemOf(
    { position }: ChangeBasis,
    { event, token, missingImage }: ChangeEvent,
    { isLast }: { readonly isLast: boolean },
  ): Item | undefined {
    try {
      const document = this.#pipeline(event)
      if (document === undefined) return undefined
      if (missingImage !== undefined) throw missingImage
      requireToken(document, token)
      requireSize(document)
      return { position, token, document, error: undefined, isLast }
    } catch (error) {
      const refusal =
        error instanceof CommandError ? error : new CommandError('InternalError', String(error), { cause: error })
      return { position, token, document: undefined, error: refusal, isLast: true }
    }
  }

  /** Waits until something is in the backlog, at most `waitMs`, or until `signal` says stop. */
  #wait(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      let timer: Timer | undefined
      const finish = () => {
        timer?.cancel()
        signal.removeEventListener('abort', finish)
        this.#wake = undefined
        resolve()
      }
      if (signal.aborted) return resolve()
      timer = this.#store.env.after(waitMs, finish)
      signal.addEventListener('abort', finish)
      this.#wake = finish
    })
  }

  /** The token moves to the time up to which everything was seen, if nothing is left and that is further. */
  #moveToken(): void {
    if (this.#backlog.length > 0 || this.#state === 'starting') return
    if (this.#state === 'live') this.#seenTo = later(this.#seenTo, this.#hub.position)
    const { time } = this.#seenTo
    if (time <= this.#tokenTime || this.#state === 'ended') return
    this.#tokenTime = time
    this.#token = highWaterMarkToken(time)
  }

  #extra(more: { invalidated?: true } = {}) {
    return { postBatchResumeToken: this.#token, ...more }
  }
}

const later = (a: Position, b: Position): Position => (comparePositions(a, b) < 0 ? b : a)

/** The pipeline may change everything but the token: without it nobody could resume behind this event. */
function requireToken(document: Uint8Array, token: Uint8Array): void {
  const id = findField(document, 0, idField)
  if (id?.type === BsonType.document && sameBytes(documentBytes(id), token)) return
  throw new CommandError(
    'ChangeStreamFatalError',
    'Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. Modifying the ' +
      '_id field of an event makes it impossible to resume the stream from that point. Only transformations that retain the ' +
      `unmodified _id field are allowed. Expected: { _id: ${show(documentValue(token))} } but found: ${
        id === undefined ? '{}' : `{ _id: ${show(id)} }`
      }`,
    { labels: ['NonResumableChangeStreamError'] },
  )
}

function requireSize(document: Uint8Array): void {
  if (document.length <= documentBytesInternalMax) return
  throw new CommandError(
    'BSONObjectTooLarge',
    `BSONObj size: ${document.length} is invalid. Size must be between 0 and ${documentBytesInternalMax}(16MB)`,
  )
}
