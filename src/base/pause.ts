/** A wait that can be ended. */
import type { Env } from './env.ts'

/** The longest wait that timers know, in milliseconds; about 25 days. */
const waitMsMax = 2 ** 31 - 1

/** Resolves after `waitMs` or when `signal` fires, whichever comes first. It does not tell which. */
export function pause(env: Env, waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const finish = () => {
      timer.cancel()
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = env.after(Math.min(waitMs, waitMsMax), finish)
    signal.addEventListener('abort', finish)
  })
}
