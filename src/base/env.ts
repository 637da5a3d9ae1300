/**
 * The world outside the program, as an argument: time, timers and chance. Whatever takes an Env can be run by a test
 * on simulated time, and a failure can be replayed from its seed. The only file that asks the system itself.
 */
import { randomBytes } from 'node:crypto'

export interface Timer {
  /** The callback will not run. Harmless when it already did. */
  cancel(): void
}

export interface Env {
  /** What the clock on the wall says, in milliseconds since 1970. For people and for clusterTime's seconds. */
  wallMs(): number
  /** Milliseconds, with a fraction, since some moment; never goes back. For measuring how long something took. */
  monotonicMs(): number
  /** Calls `callback` once, after `waitMs` (≥ 0), and never in the same turn of the event loop. */
  after(waitMs: number, callback: () => void): Timer
  /** Resolves in a later turn of the event loop: sockets and timers that are due get their chance first. */
  yieldTurn(): Promise<void>
  /** `count` bytes that nobody can guess. The caller owns them. */
  randomBytes(count: number): Uint8Array
}

/** The machine's own clock, timers and chance. */
export const systemEnv: Env = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(waitMs, callback) {
    const timer = setTimeout(callback, waitMs)
    return { cancel: () => clearTimeout(timer) }
  },
  yieldTurn: () => new Promise(resolve => setImmediate(resolve)),
  randomBytes: count => randomBytes(count),
}
