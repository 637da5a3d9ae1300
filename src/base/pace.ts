/** How long work stays fair: it gives the event loop back every few milliseconds and notices that it was interrupted. */
import type { Env } from './env.ts'
import { turnMsMax } from './limits.ts'

export class Pace {
  readonly #env: Env
  #check: () => void
  #turnBeganMs: number
  #steps = 0

  /** `check` throws when the work is to stop. */
  constructor(env: Env, check: () => void = () => {}) {
    this.#env = env
    this.#check = check
    this.#turnBeganMs = env.monotonicMs()
  }

  /** The work goes on for somebody else: from now on that one's `check` is asked. */
  serve(check: () => void): void {
    this.#check = check
  }

  /**
   * Called once for each small step. Usually undefined; a promise to wait for when the turn has lasted `turnMsMax`.
   *
   * @throws what `check` throws.
   */
  step(): Promise<void> | undefined {
    // Looking at the clock costs as much as a cheap step, so it is not looked at for each.
    if ((++this.#steps & 63) !== 0) return undefined
    this.#check()
    if (this.#env.monotonicMs() - this.#turnBeganMs < turnMsMax) return undefined
    return this.#giveWay()
  }

  async #giveWay(): Promise<void> {
    await this.#env.yieldTurn()
    this.#turnBeganMs = this.#env.monotonicMs()
  }
}
