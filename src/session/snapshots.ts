/**
 * States that snapshot reads have seen, by the time of the last commit in them: a later read at that time sees the same. They are
 * held for `snapshotHistorySecondsMax`; a read that goes on behind that ends with SnapshotTooOld.
 */
import type { Timer } from '../base/env.ts'
import { Bug } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import { snapshotHistoryCountMax, snapshotHistorySecondsMax } from '../base/limits.ts'
import type { Store } from '../collection/store.ts'
import { type ClusterTime, showClusterTime } from '../oplog/cluster-time.ts'
import { comparePositions } from '../storage/engine.ts'
import { HeldSnapshot, PastEngine } from '../storage/held-snapshot.ts'

interface Kept {
  readonly held: HeldSnapshot
  untilMs: number
}

/** What one snapshot read works on. */
export interface SnapshotRead {
  /** Its documents cannot be written. */
  readonly store: Store
  readonly time: ClusterTime
}

export class Snapshots {
  readonly #store: Store
  readonly #countMax: number
  /** Earliest first, by their times and by when they go. */
  #kept: Kept[] = []
  /** Runs only while there are any. */
  #timer: Timer | undefined

  constructor(store: Store, { countMax = snapshotHistoryCountMax } = {}) {
    this.#store = store
    this.#countMax = countMax
  }

  get count(): number {
    return this.#kept.length
  }

  /**
   * The state at `time`, or the newest durable one.
   *
   * @throws CommandError SnapshotTooOld when the state at that time is not to be had any more.
   */
  async read(time: ClusterTime | undefined): Promise<SnapshotRead> {
    const held = time === undefined ? await this.#holdNewest() : await this.#holdAt(time)
    const { engine } = this.#store
    return { store: { ...this.#store, engine: new PastEngine(engine, held) }, time: time ?? held.position.time }
  }

  /** The state at `time` for a holder of its own, who ends it. @throws as `read`. */
  async holdAt(time: ClusterTime): Promise<HeldSnapshot> {
    return new HeldSnapshot((await this.#holdAt(time)).share())
  }

  /** The newest durable state, for a command that writes what it reads; held until that ends it. */
  async holdForWrite(): Promise<{ readonly store: Store; release(): void }> {
    const { engine } = this.#store
    const held = new HeldSnapshot(await engine.snapshot())
    return { store: { ...this.#store, engine: new PastEngine(engine, held) }, release: () => held.end(released) }
  }

  async #holdNewest(): Promise<HeldSnapshot> {
    const { engine, env } = this.#store
    const untilMs = env.monotonicMs() + snapshotHistorySecondsMax * 1000
    const last = this.#kept.at(-1)
    if (last?.held.position.time === engine.log.newest.time) {
      last.untilMs = untilMs
      return last.held
    }
    const held = new HeldSnapshot(await engine.snapshot())
    if (this.#kept.length >= this.#countMax) this.#kept.shift()?.held.end(tooOld)
    this.#kept.push({ held, untilMs })
    this.#watch()
    return held
  }

  async #holdAt(time: ClusterTime): Promise<HeldSnapshot> {
    const { log } = this.#store.engine
    const kept = this.#kept.findLast(({ held }) => held.position.time <= time)?.held
    if (kept?.position.time === time) return kept
    if (log.newest.time <= time) {
      const newest = await this.#holdNewest()
      if (newest.position.time <= time) return newest
    } else if (kept !== undefined) {
      const [next] = await log.readAfter(kept.position, { bytesMax: 1 })
      // Of what is not in the log any more nobody knows whether it came in between.
      const isWhole = comparePositions(log.oldest, kept.position) <= 0
      if (isWhole && next !== undefined && next.position.time > time) return kept
    }
    throw new CommandError(
      'SnapshotTooOld',
      `Read timestamp ${showClusterTime(time)} is older than the oldest state that is held, or no read has seen that state.`,
    )
  }

  #watch(): void {
    const [oldest] = this.#kept
    if (oldest === undefined || this.#timer !== undefined) return
    const waitMs = Math.max(0, oldest.untilMs - this.#store.env.monotonicMs())
    this.#timer = this.#store.env.after(waitMs, () => {
      this.#timer = undefined
      const nowMs = this.#store.env.monotonicMs()
      while (this.#kept[0] !== undefined && this.#kept[0].untilMs <= nowMs) this.#kept.shift()?.held.end(tooOld)
      this.#watch()
    })
  }

  /** Ends all. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const { held } of this.#kept.splice(0)) held.end(tooOld)
  }
}

const released = (): Bug => new Bug('a state is not read after it was released')

const tooOld = (): CommandError =>
  new CommandError(
    'SnapshotTooOld',
    `the state that this read sees is not held any more: it is older than ${snapshotHistorySecondsMax} seconds`,
  )
