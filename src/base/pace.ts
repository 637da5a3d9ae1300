/** How long work stays fair: it gives the event loop back every few milliseconds and notices that it was interrupted. */
import type { Env } from './env.ts'
import { CommandError } from './errors.ts'
import { evaluationMsMax, turnMsMax } from './limits.ts'

/** Looking at the clock costs as much as a cheap step, so it is not looked at for each. */
const stepsPerLook = 64
const piecesPerLook = 32

/** Reading so many bytes is a piece. */
const bytesPerPiece = 16 * 1024

/** Between two looks, what is longer than this was not work: somebody stopped the process, or the whole machine, for a while. */
const workMsMax = 2000

export class Pace {
  readonly #env: Env
  #check: () => void
  #turnBeganMs: number
  #steps = 0
  #spent = 0
  /** How long this turn of the event loop has worked since the first look in it, and when the last look was. */
  #held: { workMs: number; lookedMs: number } | undefined

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
    if (++this.#steps % stepsPerLook !== 0) return undefined
    this.#check()
    if (this.#env.monotonicMs() - this.#turnBeganMs < turnMsMax) return undefined
    return this.#giveWay()
  }

  async #giveWay(): Promise<void> {
    await this.#env.yieldTurn()
    this.#turnBeganMs = this.#env.monotonicMs()
  }

  /**
   * Called within a step, by what cannot wait and may be long: for each item, each comparison, each of many operators. One such
   * piece takes some milliseconds at the most.
   *
   * @throws what `check` throws, and MaxTimeMSExpired when the event loop was held up for `evaluationMsMax`.
   */
  spend(pieces = 1): void {
    this.#spent += pieces
    if (this.#spent >= piecesPerLook) this.check()
  }

  /** As `spend`, for so many bytes that are read. */
  spendBytes(count: number): void {
    this.spend(count / bytesPerPiece)
  }

  /** As `spend`, looking at the clock at once. */
  check(): void {
    this.#spent = 0
    this.#check()
    const nowMs = this.#env.monotonicMs()
    if (this.#held === undefined) {
      this.#held = { workMs: 0, lookedMs: nowMs }
      void this.#env.yieldTurn().then(() => {
        this.#held = undefined
      })
      return
    }
    this.#held.workMs += Math.min(nowMs - this.#held.lookedMs, workMsMax)
    this.#held.lookedMs = nowMs
    if (this.#held.workMs < evaluationMsMax) return
    throw new CommandError(
      'MaxTimeMSExpired',
      `operation exceeded time limit: what it does with one document took more than ${evaluationMsMax} ms`,
    )
  }
}
