/** Follows a view of the log: its documents in natural order, and then those that come. */
import { scanBatchBytesMax } from '../base/limits.ts'
import { pause } from '../base/pause.ts'
import type { Pace } from '../base/pace.ts'
import { comparePositions, type Position } from '../storage/engine.ts'
import type { Store } from './store.ts'
import { selects, type SystemSelection } from './system-reads.ts'

export interface SystemTailOptions {
  readonly selection: SystemSelection
  readonly skip: number
  /** Infinity for none. */
  readonly limit: number
  readonly project: (document: Uint8Array) => Uint8Array
  readonly pace: Pace
}

export class SystemTail {
  readonly pace: Pace
  readonly #store: Store
  /** As SystemNamespace.follow gives it. */
  readonly #next: () => Promise<Uint8Array | undefined>
  readonly #options: SystemTailOptions
  /** The log's newest entry when the piece that was read last was begun. */
  #lookedAt: Position
  #matched = 0

  constructor(store: Store, next: () => Promise<Uint8Array | undefined>, options: SystemTailOptions) {
    this.#store = store
    this.pace = options.pace
    this.#next = next
    this.#options = options
    this.#lookedAt = store.engine.log.newest
  }

  /**
   * What comes next: about as much as one piece of a scan reads. `goesOn`: more is there already. `isOver`: it is behind the limit.
   *
   * @throws CommandError CappedPositionLost when retention has overtaken it.
   */
  async read(): Promise<{ documents: readonly Uint8Array[]; goesOn: boolean; isOver: boolean }> {
    const { selection, skip, limit, project } = this.#options
    this.#lookedAt = this.#store.engine.log.newest
    const documents: Uint8Array[] = []
    for (let bytes = 0; bytes < scanBatchBytesMax;) {
      const document = await this.#next()
      if (document === undefined) return { documents, goesOn: false, isOver: false }
      bytes += document.length
      const paused = this.pace.step()
      if (paused !== undefined) await paused
      if (!selects(selection, document) || this.#matched++ < skip) continue
      documents.push(project(document))
      if (this.#matched - skip >= limit) return { documents, goesOn: false, isOver: true }
    }
    return { documents, goesOn: true, isOver: false }
  }

  /** Waits for a commit behind the end that was seen last, at most `waitMs`, or until `signal` fires. */
  async awaitMore({ waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<void> {
    const { engine, env } = this.#store
    if (comparePositions(engine.log.newest, this.#lookedAt) > 0) return
    const grown = new AbortController()
    const stop = engine.log.onAppend(() => grown.abort())
    await pause(env, waitMs, AbortSignal.any([signal, grown.signal]))
    stop()
  }
}
