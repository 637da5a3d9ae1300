/** How a change stream is doing. Nothing of it is kept for the report's sake but plain counters; the rest is found when it is asked. */
import type { Env } from '../base/env.ts'
import { decodeEntry } from '../oplog/entry.ts'
import type { ClusterTime } from '../oplog/cluster-time.ts'
import type { EntryCount, Log, Position } from '../storage/engine.ts'
import type { Scope } from './scope.ts'

export type State = 'starting' | 'early' | 'catching-up' | 'live' | 'ended' | 'closed'

export interface StreamReport {
  readonly state: State
  readonly scope: Scope
  /** Everything behind it has still to be taken by the client, or looked at for it. */
  readonly place: Position
  /** Up to here the client has everything. */
  readonly readTo: ClusterTime
  /** Events that are made and wait for the client. */
  readonly backlog: { readonly count: number; readonly bytes: number }
  /** Log entries that the stream read by itself; those that the hub reads for all live streams are not counted. */
  readonly entriesRead: number
  /** A getMore waits for it. */
  readonly isWaiting: boolean
}

/** How much of the log lies behind a place, and how long the first of it has been there: 0 where there is nothing. */
export interface Lag extends EntryCount {
  readonly ms: number
}

/** Reads one entry, and none at the end of the log. */
export async function lagBehind({ log, env }: { readonly log: Log; readonly env: Env }, place: Position): Promise<Lag> {
  const found = log.countAfter(place)
  const [first] = found.count === 0 ? [] : await log.readAfter(place, { bytesMax: 1 })
  return { ...found, ms: first === undefined ? 0 : Math.max(0, env.wallMs() - decodeEntry(first.bytes).wallMs) }
}
