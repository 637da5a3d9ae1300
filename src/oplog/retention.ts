/**
 * How much history is kept: the oldest entries go when the log is larger than its size, unless they are younger than the
 * time that is promised. What is gone is an explicit ChangeStreamHistoryLost for who asks for it; one entry always stays.
 */
import type { Env } from '../base/env.ts'
import { logReadBytesMax } from '../base/limits.ts'
import type { Log, Position } from '../storage/engine.ts'
import { secondsOf } from './cluster-time.ts'

export interface RetentionPolicy {
  /** The log is cut when it is larger. */
  readonly bytesMax: number
  /** Entries younger than this stay, whatever the size. */
  readonly hoursMin: number
}

/** MongoDB's smallest default size, 990 MB, and no promise of time. */
export const retentionDefault: RetentionPolicy = { bytesMax: 990 * 1024 * 1024, hoursMin: 0 }

/** Removes what the policy does not keep. */
export async function applyRetention(log: Log, policy: RetentionPolicy, env: Env): Promise<void> {
  const cut = await findCut(log, policy, env.wallMs())
  if (cut !== undefined) await log.truncateBefore(cut)
}

/** The time of the first commit to keep; undefined when nothing is to be removed. */
async function findCut(log: Log, { bytesMax, hoursMin }: RetentionPolicy, nowMs: number): Promise<bigint | undefined> {
  let excess = log.bytes - bytesMax
  // Where no time is promised, none counts: the clock may have been wrong when an entry was written.
  const youngSeconds = hoursMin === 0 ? Infinity : nowMs / 1000 - hoursMin * 3600
  let position: Position = { time: 0n, index: 0 }
  let removed = false
  while (excess > 0) {
    const entries = await log.readAfter(position, { bytesMax: logReadBytesMax })
    for (const entry of entries) {
      // Entries of one commit stay or go together.
      const isFirstOfCommit = entry.position.index === 0
      if (isFirstOfCommit && removed && excess <= 0) return entry.position.time
      if (isFirstOfCommit && secondsOf(entry.position.time) > youngSeconds)
        return removed ? entry.position.time : undefined
      if (entry.position.time === log.newest.time) return removed ? log.newest.time : undefined
      excess -= entry.bytes.length
      removed = true
      position = entry.position
    }
    if (entries.length === 0) return undefined
  }
  return removed ? position.time + 1n : undefined
}
