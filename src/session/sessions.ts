/**
 * Logical sessions: which are alive, and what ends with them. A session exists from the first command that carries its
 * lsid until it is ended, killed or unused for `sessionIdleMinutesMax`.
 */
import type { Env, Timer } from '../base/env.ts'
import { CommandError } from '../base/errors.ts'
import { sessionCountMax, sessionIdleMinutesMax, sessionSweepMs } from '../base/limits.ts'

interface Session {
  lastUsedMs: number
}

export class Sessions {
  readonly #env: Env
  readonly #onEnd: (sessionKey: string) => void
  readonly #countMax: number
  readonly #sessions = new Map<string, Session>()
  /** Runs only while there are sessions. */
  #sweep: Timer | undefined
  #isClosed = false

  /** `onEnd` gets the key of each session when it ends, so that its cursors are closed. */
  constructor(env: Env, onEnd: (sessionKey: string) => void, { countMax = sessionCountMax } = {}) {
    this.#env = env
    this.#onEnd = onEnd
    this.#countMax = countMax
  }

  get count(): number {
    return this.#sessions.size
  }

  /** Each session's id and when it was last used, on the monotonic clock. */
  *all(): Iterable<{ readonly lsid: Uint8Array; readonly lastUsedMs: number }> {
    for (const [key, { lastUsedMs }] of this.#sessions) yield { lsid: lsidOf(key), lastUsedMs }
  }

  /**
   * A command carries this lsid (16 bytes): the session lives on, or begins.
   *
   * @throws CommandError TooManyLogicalSessions.
   */
  touch(lsid: Uint8Array): void {
    const key = sessionKeyOf(lsid)
    const session = this.#sessions.get(key)
    if (session === undefined) this.#begin(key)
    else session.lastUsedMs = this.#env.monotonicMs()
  }

  #begin(key: string): void {
    if (this.#sessions.size >= this.#countMax) {
      throw new CommandError(
        'TooManyLogicalSessions',
        `Unable to add session into the cache because the number of active sessions is too high: ${this.#countMax}`,
      )
    }
    this.#sessions.set(key, { lastUsedMs: this.#env.monotonicMs() })
    if (!this.#isClosed) this.#sweep ??= this.#env.after(sessionSweepMs, () => this.#endIdle())
  }

  /** Ends the session, known or not: what belongs to it is closed. A later command with its lsid begins it anew. */
  end(lsid: Uint8Array): void {
    this.#end(sessionKeyOf(lsid))
  }

  /** Ends all sessions. */
  endAll(): void {
    for (const key of this.#sessions.keys()) this.#end(key)
  }

  /** Stops looking for idle sessions, for good. */
  close(): void {
    this.#isClosed = true
    this.#stopSweep()
  }

  #end(key: string): void {
    this.#sessions.delete(key)
    if (this.#sessions.size === 0) this.#stopSweep()
    this.#onEnd(key)
  }

  #endIdle(): void {
    this.#sweep = undefined
    const before = this.#env.monotonicMs() - sessionIdleMinutesMax * 60_000
    for (const [key, { lastUsedMs }] of this.#sessions) if (lastUsedMs < before) this.#end(key)
    if (this.#sessions.size > 0) this.#sweep = this.#env.after(sessionSweepMs, () => this.#endIdle())
  }

  #stopSweep(): void {
    this.#sweep?.cancel()
    this.#sweep = undefined
  }
}

/** The key of a session in maps: a character for each of its 16 bytes. */
export const sessionKeyOf = (lsid: Uint8Array): string =>
  // Each request asks: without a call into native code it takes a quarter of the time.
  String.fromCharCode(
    lsid[0] as number,
    lsid[1] as number,
    lsid[2] as number,
    lsid[3] as number,
    lsid[4] as number,
    lsid[5] as number,
    lsid[6] as number,
    lsid[7] as number,
    lsid[8] as number,
    lsid[9] as number,
    lsid[10] as number,
    lsid[11] as number,
    lsid[12] as number,
    lsid[13] as number,
    lsid[14] as number,
    lsid[15] as number,
  )

/** The 16 bytes that a session's key is made of. */
export const lsidOf = (sessionKey: string): Uint8Array => Buffer.from(sessionKey, 'latin1')
