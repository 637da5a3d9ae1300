/** The jobs beside the work, once a minute and when something asks for them; one run at a time. */
import type { Timer } from '../base/env.ts'
import { maintenanceMs } from '../base/limits.ts'
import { applyRetention } from '../oplog/retention.ts'
import type { Store } from './store.ts'
import {
  sweepExpired,
  sweepGarbage,
  sweepRetryRecords,
  sweepTemporaryCollections,
  sweepUnfinishedIndexes,
} from './sweep.ts'

export interface MaintenanceOptions {
  /** Told what went wrong; the next run tries again. */
  onFailure(error: unknown): void
}

export class Maintenance {
  readonly #store: Store
  readonly #options: MaintenanceOptions
  #timer: Timer | undefined
  /** When all jobs are to be done again, on the monotonic clock. */
  #dueMs = 0
  #running: Promise<void> | undefined
  #isClosed = false

  constructor(store: Store, options: MaintenanceOptions) {
    this.#store = store
    this.#options = options
  }

  /** Resolves when what a crash left unfinished is gone: nobody may begin the like before, since nothing tells the two apart. */
  async start(): Promise<void> {
    try {
      await sweepUnfinishedIndexes(this.#store)
      await sweepTemporaryCollections(this.#store)
    } catch (error) {
      this.#options.onFailure(error)
    }
    this.#run(() => this.runOnce())
  }

  /** Something was dropped: its room is worth having soon. */
  poke(): void {
    if (this.#running === undefined) this.#run(() => sweepGarbage(this.#store))
  }

  /** All jobs, once. */
  async runOnce(): Promise<void> {
    await sweepGarbage(this.#store)
    await sweepExpired(this.#store)
    await sweepRetryRecords(this.#store)
    const { engine, settings, env } = this.#store
    await applyRetention(engine.log, settings.retention, env)
    this.#dueMs = env.monotonicMs() + maintenanceMs
  }

  #run(jobs: () => Promise<void>): void {
    if (this.#isClosed) return
    this.#timer?.cancel()
    this.#running = jobs()
      .catch((error: unknown) => {
        if (!this.#isClosed) this.#options.onFailure(error)
      })
      .finally(() => {
        this.#running = undefined
        this.#waitUntilDue()
      })
  }

  /** What is done in between puts nothing off, and what failed is tried again in its time. */
  #waitUntilDue(): void {
    if (this.#isClosed) return
    const { env } = this.#store
    const nowMs = env.monotonicMs()
    if (this.#dueMs <= nowMs) this.#dueMs = nowMs + maintenanceMs
    this.#timer = env.after(this.#dueMs - nowMs, () => this.#run(() => this.runOnce()))
  }

  /** Waits for the job that runs. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#running
  }
}
