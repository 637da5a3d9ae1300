/**
 * Wakes those who wait at the end of a capped collection, as soon as a document that came into it is durable.
 *
 * The log tells that something was committed, and one look at the counters of the collections that are waited for, for all who
 * wait, tells whose. So a commit costs one look, however many wait, and none when nobody does.
 */
import type { Env } from '../base/env.ts'
import type { OpenedEngine } from '../storage/engine.ts'
import { readCappedState } from './capped.ts'

interface Waiting {
  readonly collectionId: number
  /** The place that the next document had when the waiting began. */
  readonly next: bigint
  wake(): void
}

export class CappedNews {
  readonly #env: Env
  readonly #engine: OpenedEngine
  readonly #waiting = new Set<Waiting>()
  #stop: (() => void) | undefined
  #looking: 'no' | 'yes' | 'and again' = 'no'

  constructor(env: Env, engine: OpenedEngine) {
    this.#env = env
    this.#engine = engine
  }

  /** How many wait. */
  get count(): number {
    return this.#waiting.size
  }

  /**
   * Resolves when the next document's place is no more `next` (one came, or the collection is gone), after `waitMs`, or when
   * `signal` fires.
   */
  wait(
    collectionId: number,
    next: bigint,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    return new Promise(resolve => {
      if (signal.aborted) return resolve()
      const finish = () => {
        timer.cancel()
        signal.removeEventListener('abort', finish)
        this.#waiting.delete(waiting)
        if (this.#waiting.size === 0) this.#endListening()
        resolve()
      }
      const waiting: Waiting = { collectionId, next, wake: finish }
      const timer = this.#env.after(waitMs, finish)
      signal.addEventListener('abort', finish)
      this.#waiting.add(waiting)
      this.#stop ??= this.#engine.log.onAppend(() => this.#notice())
      // What was committed since the waiter looked was announced to nobody.
      this.#notice()
    })
  }

  #endListening(): void {
    this.#stop?.()
    this.#stop = undefined
  }

  #notice(): void {
    if (this.#looking !== 'no') this.#looking = 'and again'
    else void this.#look()
  }

  /** Never rejects: when nothing can be read any more, those who wait find out for themselves. */
  async #look(): Promise<void> {
    do {
      this.#looking = 'yes'
      try {
        await this.#wakeConcerned()
      } catch {
        for (const { wake } of [...this.#waiting]) wake()
      }
    } while (this.#isAskedAgain())
    this.#looking = 'no'
  }

  #isAskedAgain(): boolean {
    return this.#looking === 'and again' && this.#waiting.size > 0
  }

  async #wakeConcerned(): Promise<void> {
    const snapshot = await this.#engine.snapshot()
    try {
      const nexts = new Map<number, bigint>()
      for (const { collectionId, next, wake } of [...this.#waiting]) {
        const now = nexts.get(collectionId) ?? (await readCappedState(snapshot, collectionId)).next
        nexts.set(collectionId, now)
        if (now !== next) wake()
      }
    } finally {
      snapshot.close()
    }
  }
}
