/**
 * The order of writes: bodies are decided one after another, and become durable in groups.
 *
 *   write ─▶ waiting ─▶ deciding ─▶ forming group ─▶ syncing group ─▶ durable, acknowledged
 *               │                    (and overlay)    (and overlay)
 *               └ behind an asynchronous body, or while the forming group is full
 *
 * Invariants
 *  1. At most one body is being decided, and at most one group is on its way to the store: what was decided on the state that a
 *     group leaves behind can only follow it, and is never stored if it fails.
 *  2. What a body reads is the store plus everything decided before it, in that order: syncing, forming, its own.
 *  3. Positions are given in the order of decisions, when a body ends; a body that throws takes none.
 *  4. After a failed group nothing is handed to the store any more.
 *
 * A body that is synchronous and finds nobody before it is decided within the call. A group is handed over as soon as the store
 * is free, at the end of that turn of the event loop: everyone whose request was already there is in it, and nobody ever waits for
 * a timer. (Handing it over at the first body instead splits a crowd of writers in two, a group of one and a group of the rest,
 * and makes a third fewer writes in a second.)
 */
import { assert, Bug } from '../base/assert.ts'
import { StorageFailed } from '../base/errors.ts'
import { groupBytesMax } from '../base/limits.ts'
import { Changes } from './changes.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Committed, KeyValue, Position, Range, ScanLimits, Space } from './engine.ts'
import type { Commit } from './log-part.ts'
import { Transaction } from './transaction.ts'

/** Decided together, durable together. */
export interface Group {
  readonly changes: Changes
  /** Those that append to the log, oldest first. */
  readonly commits: readonly Commit[]
  /** The log's commits before this time are to be removed. */
  readonly dropBefore: bigint | undefined
  /** What it weighs: changes and log entries. */
  readonly bytes: number
}

/** What holds the durable state. */
export interface Store {
  /** As in Reader; always known. */
  readonly catalogVersion: number
  get(space: Space, key: Uint8Array): Uint8Array | undefined
  scan(space: Space, range: Range, limits: ScanLimits): KeyValue[]
  /** Resolves when the group is durable and readable. Never called while another group is on its way. */
  commit(group: Group): Promise<void>
}

export interface WriterOptions {
  /** Time of the log's last entry, 0n when there is none. */
  readonly lastTime: bigint
  /** As in EngineOptions. */
  nextTime(previous: bigint): bigint
  /** Resolves when the rest of what is there to be done now has been done: the writes of this turn join one group. */
  turnEnd(): Promise<void>
}

type Body<T> = (transaction: Transaction) => MaybePromise<T>

/** A write that was asked for, without the type of its result. */
interface Asked {
  readonly body: Body<unknown>
  readonly resolve: (committed: Committed<unknown>) => void
  readonly reject: (error: unknown) => void
}

interface Decided extends Asked {
  readonly committed: Committed<unknown>
}

class FormingGroup implements Group {
  readonly changes = new Changes()
  readonly commits: Commit[] = []
  readonly decided: Decided[] = []
  dropBefore: bigint | undefined = undefined
  #entryBytes = 0

  get bytes(): number {
    return this.changes.bytes + this.#entryBytes
  }

  get isFull(): boolean {
    return this.bytes >= groupBytesMax
  }

  /** Takes over what a body did; `time` is that of its entries. Returns the position of the last one. */
  add({ changes, entries, dropBefore }: Transaction, time: bigint): Position | undefined {
    this.changes.addAll(changes)
    if (dropBefore !== undefined && (this.dropBefore ?? 0n) < dropBefore) this.dropBefore = dropBefore
    if (entries.count === 0) return undefined
    this.commits.push({ time, entries })
    this.#entryBytes += entries.bytes
    return { time, index: entries.count - 1 }
  }
}

export class Writer {
  readonly #store: Store
  readonly #options: WriterOptions
  readonly #waiting: Asked[] = []
  /** 'body' while a body is on the stack: whoever asks for a write then is that body. */
  #deciding: 'nothing' | 'body' | 'awaited body' = 'nothing'
  #forming: FormingGroup | undefined
  #syncing: FormingGroup | undefined
  #handingOver = false
  #lastTime: bigint
  #failure: StorageFailed | undefined
  #closed: { readonly done: Promise<void>; readonly resolve: () => void } | undefined

  constructor(store: Store, options: WriterOptions) {
    this.#store = store
    this.#options = options
    this.#lastTime = options.lastTime
  }

  /** As Engine.write. */
  write<T>(body: Body<T>): Promise<Committed<T>> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(new StorageFailed('the storage engine is closed'))
      if (this.#failure !== undefined) return reject(this.#failure)
      if (this.#deciding === 'body') return reject(new Bug('a write body asked for another write'))
      // The promise that `resolve` belongs to is the one of this body, whose result is a T.
      this.#waiting.push({ body, resolve: committed => resolve(committed as Committed<T>), reject })
      this.#decideWaiting()
    })
  }

  /** As Engine.close, for the writes. Letting go of the store is up to its owner. */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      const { promise, resolve } = deferred()
      this.#closed = { done: promise, resolve }
      this.#closeWhenIdle()
    }
    return this.#closed.done
  }

  /** That of the store, while nothing that changes the catalog is on its way. */
  get catalogVersion(): number | undefined {
    const changes = this.#forming?.changes.has('catalog') === true || this.#syncing?.changes.has('catalog') === true
    return changes ? undefined : this.#store.catalogVersion
  }

  /** The newest value under `key`, what is on its way included. */
  get(space: Space, key: Uint8Array): Uint8Array | undefined {
    const change = this.#forming?.changes.find(space, key) ?? this.#syncing?.changes.find(space, key)
    return change === undefined ? this.#store.get(space, key) : change.value
  }

  #decideWaiting(): void {
    let next = 0
    while (next < this.#waiting.length && this.#deciding === 'nothing' && this.#forming?.isFull !== true) {
      const asked = this.#waiting[next] as Asked
      next += 1
      this.#decide(asked)
    }
    this.#waiting.splice(0, next)
  }

  #decide(asked: Asked): void {
    const transaction = new Transaction(this, this.#store)
    let outcome: unknown
    this.#deciding = 'body'
    try {
      outcome = asked.body(transaction)
    } catch (error) {
      this.#deciding = 'nothing'
      transaction.end()
      return asked.reject(error)
    }
    if (!(outcome instanceof Promise)) {
      this.#deciding = 'nothing'
      return this.#decided(asked, transaction, outcome)
    }
    this.#deciding = 'awaited body'
    const go = (end: () => void) => {
      this.#deciding = 'nothing'
      end()
      this.#decideWaiting()
      this.#closeWhenIdle()
    }
    outcome.then(
      result => go(() => this.#decided(asked, transaction, result)),
      error =>
        go(() => {
          transaction.end()
          asked.reject(error)
        }),
    )
  }

  /** A body has ended well: what it did gets its place in the order. */
  #decided(asked: Asked, transaction: Transaction, result: unknown): void {
    transaction.end()
    if (this.#failure !== undefined) return asked.reject(this.#failure)
    if (transaction.changesNothing) {
      const committed = { result, position: undefined }
      const seen = this.#forming ?? this.#syncing
      if (seen === undefined) asked.resolve(committed)
      else seen.decided.push({ ...asked, committed })
      return
    }
    try {
      if (transaction.entries.count > 0) this.#lastTime = this.#timeAfter(this.#lastTime)
    } catch (error) {
      return asked.reject(error)
    }
    this.#forming ??= new FormingGroup()
    const position = this.#forming.add(transaction, this.#lastTime)
    this.#forming.decided.push({ ...asked, committed: { result, position } })
    this.#handOver()
  }

  #timeAfter(previous: bigint): bigint {
    const time = this.#options.nextTime(previous)
    assert(
      time > previous,
      `the time of a commit is after that of the one before it, ${previous}; nextTime gave ${time}`,
    )
    return time
  }

  /** Sees to it that the forming group is on its way as soon as it can be. */
  #handOver(): void {
    if (this.#handingOver || this.#syncing !== undefined || this.#forming === undefined) return
    this.#handingOver = true
    this.#options.turnEnd().then(
      () => this.#sync(),
      error => this.#fail(error),
    )
  }

  #sync(): void {
    const group = this.#forming
    assert(
      group !== undefined && this.#syncing === undefined,
      'a group is handed over when there is one and none before it',
    )
    this.#handingOver = false
    this.#forming = undefined
    this.#syncing = group
    this.#store.commit(group).then(
      () => this.#synced(group),
      error => this.#fail(error),
    )
    this.#decideWaiting()
  }

  #synced(group: FormingGroup): void {
    this.#syncing = undefined
    for (const { resolve, committed } of group.decided) resolve(committed)
    this.#decideWaiting()
    this.#handOver()
    this.#closeWhenIdle()
  }

  /** The outcome of a group is unknown, so nothing that was decided after it may ever be stored. */
  #fail(cause: unknown): void {
    const words = cause instanceof Error ? cause.message : String(cause)
    const failed = new StorageFailed(`a commit failed, and whether it happened is unknown: ${words}`, { cause })
    const refusal = new StorageFailed(
      `writes are refused since a commit failed, until the data is opened anew: ${words}`,
      {
        cause: failed,
      },
    )
    this.#failure = refusal
    for (const { reject } of this.#syncing?.decided ?? []) reject(failed)
    for (const { reject } of this.#forming?.decided ?? []) reject(refusal)
    for (const { reject } of this.#waiting.splice(0)) reject(refusal)
    this.#syncing = undefined
    this.#forming = undefined
    this.#closeWhenIdle()
  }

  #closeWhenIdle(): void {
    const busy = this.#deciding !== 'nothing' || this.#waiting.length > 0
    if (busy || this.#forming !== undefined || this.#syncing !== undefined) return
    this.#closed?.resolve()
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>(done => (resolve = done))
  return { promise, resolve }
}
