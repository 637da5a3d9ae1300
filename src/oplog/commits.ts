/**
 * The log by commits: the entries that share a time are one commit, and one document of local.oplog.rs.
 *
 *   … │ 7.0 7.1 7.2 │ 8.0 │ 9.0 9.1 newest
 *
 * A reader's place is a number and holds nothing of the log. Retention removes whole commits.
 */
import { CommandError } from '../base/errors.ts'
import { logReadBytesMax } from '../base/limits.ts'
import { beginning } from '../storage/log-key.ts'
import { comparePositions, type Log, type LogEntry, type Position } from '../storage/engine.ts'
import { justBefore, showClusterTime, type ClusterTime } from './cluster-time.ts'

export interface Commit {
  readonly time: ClusterTime
  /** In their order; at least one. */
  readonly entries: readonly LogEntry[]
}

/** Times that are meant, both ends included. */
export interface TimeRange {
  readonly from: ClusterTime
  readonly to: ClusterTime
}

/** Reads commits oldest first. At the end of the log it waits for nobody, and goes on when it is asked again. */
export class CommitReader {
  readonly #log: Log
  readonly #to: ClusterTime
  #place: Position
  /** Whether the entry at `#place` was read, so that a log without it has lost what lies behind. */
  #hasBegun = false
  #piece: readonly LogEntry[] = []
  #next = 0

  constructor(log: Log, { from, to }: TimeRange) {
    this.#log = log
    this.#to = to
    this.#place = from === 0n ? beginning : justBefore(from)
  }

  /**
   * The next commit; undefined when there is none for now.
   *
   * @throws CommandError CappedPositionLost when retention has overtaken it.
   */
  async next(): Promise<Commit | undefined> {
    const entries: LogEntry[] = []
    for (;;) {
      const entry = this.#piece[this.#next]
      if (entry === undefined) {
        if (await this.#readOn()) continue
        break
      }
      const { time, index } = entry.position
      if (time > this.#to || (index === 0 && entries.length > 0)) break
      this.#next += 1
      entries.push(entry)
    }
    return commitOf(entries)
  }

  async #readOn(): Promise<boolean> {
    this.#piece = await this.#log.readAfter(this.#place, { bytesMax: logReadBytesMax })
    this.#next = 0
    if (this.#hasBegun && comparePositions(this.#log.oldest, this.#place) > 0) throw positionLost(this.#place)
    const last = this.#piece.at(-1)
    if (last === undefined) return false
    this.#place = last.position
    this.#hasBegun = true
    return true
  }
}

/** The commits of a range, newest first. It ends where retention has come meanwhile. */
export async function* commitsBackwards(log: Log, { from, to }: TimeRange): AsyncGenerator<Commit> {
  let place: Position = to < log.newest.time ? { time: to + 1n, index: 0 } : { time: log.newest.time + 1n, index: 0 }
  let entries: LogEntry[] = []
  for (;;) {
    const piece = await log.readBefore(place, { bytesMax: logReadBytesMax })
    for (const entry of piece) {
      place = entry.position
      if (place.time < from) return
      entries.push(entry)
      if (place.index > 0) continue
      yield { time: place.time, entries: entries.reverse() }
      entries = []
    }
    if (piece.length === 0) return
  }
}

function commitOf(entries: readonly LogEntry[]): Commit | undefined {
  const [first] = entries
  return first && { time: first.position.time, entries }
}

const positionLost = ({ time }: Position): CommandError =>
  new CommandError(
    'CappedPositionLost',
    'CollectionScan died due to position in capped collection being deleted. ' +
      `Last seen entry of the oplog: ${showClusterTime(time)}`,
  )
