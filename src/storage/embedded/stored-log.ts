/**
 * The log in LMDB, in parts (log-part.ts), with its newest ones in memory as well: streams at the end of the log read no disk, and
 * what only the journal holds is found here too.
 *
 *   key     time u64 | index u32 of the part's first entry     log-key.ts
 *   value   the part
 */
import { must } from '../../base/assert.ts'
import { logTailBytesMax } from '../../base/limits.ts'
import type { EntryCount, LogEntry, Position } from '../engine.ts'
import { comparePositions, stoppedByLimits } from '../engine.ts'
import { beginning, decodeLogKey, encodeLogKey } from '../log-key.ts'
import { LogPart } from '../log-part.ts'
import { LogTail } from '../log-tail.ts'
import type { Group } from '../writer.ts'
import type { Environment, Write } from './environment.ts'

/** Behind every key. */
const end = new Uint8Array(13).fill(0xff)

/** One end of the log: an entry, and the bytes of all entries before the place meant. */
interface End {
  readonly position: Position
  readonly total: number
}

/** What a commit does to the log. */
export interface LogStep {
  readonly writes: readonly Write[]
  readonly parts: readonly LogPart[]
  readonly oldest: End | undefined
  readonly newest: End | undefined
}

export class StoredLog {
  readonly #environment: Environment
  /** The first entry, and the total before it; undefined while the log is empty. */
  #oldest: End | undefined
  /** The last entry, and the total behind it. */
  #newest: End | undefined
  readonly #tail: LogTail

  constructor(environment: Environment) {
    this.#environment = environment
    const range = { from: new Uint8Array(0), to: end, reverse: true }
    const last = environment.view.scan('log', range, { countMax: 1, bytesMax: 1 })[0]
    this.#oldest = this.#firstFrom(beginning)
    if (last !== undefined) {
      const part = new LogPart(decodeLogKey(last.key), last.value)
      this.#newest = { position: part.last, total: part.totalBehind }
    }
    this.#tail = new LogTail(this.newest, { bytesMax: logTailBytesMax })
  }

  get oldest(): Position {
    return this.#oldest?.position ?? beginning
  }

  get newest(): Position {
    return this.#newest?.position ?? beginning
  }

  get bytes(): number {
    return (this.#newest?.total ?? 0) - (this.#oldest?.total ?? 0)
  }

  /** As Log.readAfter. */
  readAfter(position: Position, bytesMax: number): LogEntry[] {
    const recent = this.#tail.readAfter(position, bytesMax)
    if (recent !== undefined) return recent
    const found: LogEntry[] = []
    let bytes = 0
    const limits = { countMax: Infinity, bytesMax }
    // The part that holds the position may have nothing behind it, which only a look into it tells.
    for (let from = this.#keyOfPartAt(position); ;) {
      const stored = this.#environment.view.scan('log', { from, to: end }, limits)
      for (const { key, value } of stored) {
        bytes += new LogPart(decodeLogKey(key), value).readAfter(position, bytesMax - bytes, found)
        if (bytes >= bytesMax) return found
      }
      const last = stoppedByLimits(stored, limits) ? stored.at(-1) : undefined
      if (last === undefined) break
      if (found.length > 0) return found
      from = behind(last.key)
    }
    // LMDB reaches at least as far as the tail reaches back, and ends before it does.
    const { after } = this.#tail
    const reached = found.at(-1)?.position ?? position
    const rest = this.#tail.readAfter(comparePositions(reached, after) < 0 ? after : reached, bytesMax - bytes)
    return found.concat(must(rest, 'the newest entries of a log'))
  }

  /** As Log.readBefore. */
  readBefore(position: Position, bytesMax: number): LogEntry[] {
    const recent = this.#tail.readBefore(position, bytesMax)
    if (recent !== undefined) return recent
    const found: LogEntry[] = []
    const range = { from: new Uint8Array(0), to: encodeLogKey(position), reverse: true }
    let bytes = 0
    for (const { key, value } of this.#environment.view.scan('log', range, { countMax: Infinity, bytesMax })) {
      bytes += new LogPart(decodeLogKey(key), value).readBefore(position, bytesMax - bytes, found)
      if (bytes >= bytesMax) break
    }
    return found
  }

  /** As Log.countAfter. */
  countAfter(position: Position): EntryCount {
    return this.#tail.countAfter(position)
  }

  /** As Log.get. */
  get(position: Position): LogEntry | undefined {
    const recent = this.#tail.find(position)
    if (recent !== undefined) return recent
    const key = this.#keyOfPartAt(position)
    const value = this.#environment.view.get('log', key)
    return value && new LogPart(decodeLogKey(key), value).find(position)
  }

  /**
   * The time of a commit up to which the oldest ones before `time`, a step of about `countMax` parts, are to be removed; undefined
   * when there is none to remove. The newest always stays.
   */
  truncationStep(time: bigint, countMax: number): bigint | undefined {
    const target = time < this.newest.time ? time : this.newest.time
    if (this.oldest.time >= target) return undefined
    const range = { from: encodeLogKey(this.oldest), to: encodeLogKey({ time: target, index: 0 }) }
    const keys = this.#environment.view.scanKeys('log', range, countMax)
    if (keys.length < countMax) return target
    const reached = decodeLogKey(must(keys.at(-1), 'the last key of a step')).time
    return reached > this.oldest.time ? reached : reached + 1n
  }

  /** What has to be written for a group. One that removes something is planned when everything before it is in LMDB. */
  plan({ commits, dropBefore }: Group): LogStep {
    const writes: Write[] = []
    let oldest = this.#oldest
    if (oldest !== undefined && dropBefore !== undefined && oldest.position.time < dropBefore) {
      const staying = { time: dropBefore, index: 0 }
      const removed = { from: encodeLogKey(oldest.position), to: encodeLogKey(staying) }
      const keys = this.#environment.view.scanKeys('log', removed, Infinity)
      for (const key of keys) writes.push({ table: 'log', key, value: undefined })
      oldest = must(this.#firstFrom(staying), 'an entry that stays in the log')
    }
    let newest = this.#newest
    const parts: LogPart[] = []
    for (const { time, entries } of commits) {
      for (const part of entries.place(time, newest?.total ?? 0)) {
        writes.push({ table: 'log', key: encodeLogKey(part.first), value: part.value })
        parts.push(part)
        oldest ??= { position: part.first, total: part.total }
        newest = { position: part.last, total: part.totalBehind }
      }
    }
    return { writes, parts, oldest, newest }
  }

  /** The step that made these writes, which remove nothing. */
  stepOf(writes: readonly Write[]): LogStep {
    let oldest = this.#oldest
    let newest = this.#newest
    const parts: LogPart[] = []
    for (const { key, value } of writes) {
      const part = new LogPart(decodeLogKey(key), must(value, 'part of a log'))
      parts.push(part)
      oldest ??= { position: part.first, total: part.total }
      newest = { position: part.last, total: part.totalBehind }
    }
    return { writes, parts, oldest, newest }
  }

  /** The step is durable. If it removes something, the environment's view shows that. */
  took({ parts, oldest, newest }: LogStep): void {
    this.#oldest = oldest
    this.#newest = newest
    this.#tail.append(parts)
    this.#tail.dropBefore(this.oldest.time)
  }

  /** The environment's view shows everything up to `position`. */
  stored(position: Position): void {
    this.#tail.shrink(position)
  }

  /** The first entry from a position on, where a part begins. */
  #firstFrom(position: Position): End | undefined {
    const range = { from: encodeLogKey(position), to: end }
    const [first] = this.#environment.view.scan('log', range, { countMax: 1, bytesMax: 1 })
    if (first === undefined) return undefined
    const part = new LogPart(decodeLogKey(first.key), first.value)
    return { position: part.first, total: part.total }
  }

  /** The key of the last part that begins at `position` or before it; of a part that would, when there is none. */
  #keyOfPartAt(position: Position): Uint8Array {
    const key = encodeLogKey(position)
    const range = { from: new Uint8Array(0), to: behind(key), reverse: true }
    return this.#environment.view.scanKeys('log', range, 1)[0] ?? key
  }
}

/** The least key that is greater. */
function behind(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}
