/** An Env whose time stands still until a test moves it, and whose chance is the same in each run. */
import type { Env, Timer } from '../src/base/env.ts'

export class ManualEnv implements Env {
  #nowMs = 0
  #timers: { readonly dueMs: number; readonly callback: () => void }[] = []
  #random = 1

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(waitMs: number, callback: () => void): Timer {
    const timer = { dueMs: this.#nowMs + waitMs, callback }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter(other => other !== timer)
      },
    }
  }

  yieldTurn(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve))
  }

  randomBytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => {
      this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) >>> 0
      return this.#random >>> 24
    })
  }

  /** Timers that wait. */
  get timerCount(): number {
    return this.#timers.length
  }

  /** Lets `ms` pass: what is due runs, earliest first, and what that leads to before the next. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      await this.yieldTurn()
      const next = this.#timers.filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter(timer => timer !== next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.callback()
    }
    this.#nowMs = untilMs
  }
}
