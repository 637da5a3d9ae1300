/**
 * The newest entries of a log, in memory: all of them behind a position that moves up as older ones make room.
 *
 *   … dropped … after │ part part part newest
 *
 * Its owner says when it may shrink to its bound. It loses what is old, never what is between.
 */
import { comparePositions } from './engine.ts'
import type { EntryCount, LogEntry, Position } from './engine.ts'
import type { LogPart } from './log-part.ts'

/** Dropped parts leave the array when they are this many and half of it. */
const compactCountMin = 1024

export class LogTail {
  readonly #bytesMax: number
  /** Oldest first; the places of the first #dropped are empty. */
  #parts: (LogPart | undefined)[] = []
  /** For each part, how many entries were ever appended before it. */
  #countsBefore: number[] = []
  #count = 0
  #dropped = 0
  #after: Position

  /** Everything appended behind `after` will be here. */
  constructor(after: Position, { bytesMax }: { readonly bytesMax: number }) {
    this.#after = after
    this.#bytesMax = bytesMax
  }

  /** What it reaches back to: everything behind this position is here. */
  get after(): Position {
    return this.#after
  }

  /** Bytes of its entries. */
  get bytes(): number {
    return (this.#parts.at(-1)?.totalBehind ?? 0) - (this.#oldest?.total ?? 0)
  }

  /** Undefined when it is empty. */
  get oldest(): Position | undefined {
    return this.#oldest?.first
  }

  /** Undefined when it is empty. */
  get newest(): LogPart | undefined {
    return this.#dropped < this.#parts.length ? this.#parts.at(-1) : undefined
  }

  get #oldest(): LogPart | undefined {
    return this.#parts[this.#dropped]
  }

  /** Adds parts that lie behind all others. */
  append(parts: readonly LogPart[]): void {
    for (const part of parts) {
      this.#parts.push(part)
      this.#countsBefore.push(this.#count)
      this.#count += part.count
    }
  }

  /** Drops what is too much, but nothing behind `position`. The newest part stays, however large it is. */
  shrink(position: Position): void {
    while (this.bytes > this.#bytesMax && this.#parts.length - this.#dropped > 1) {
      if (comparePositions((this.#oldest as LogPart).last, position) > 0) break
      this.#dropOldest()
    }
    this.#compact()
  }

  /** Drops the commits before that time. */
  dropBefore(time: bigint): void {
    for (;;) {
      const oldest = this.#oldest
      if (oldest === undefined || oldest.time >= time) break
      this.#dropOldest()
    }
    this.#compact()
  }

  /** The entries behind `position`, about `bytesMax` of them; undefined when it does not reach back so far. */
  readAfter(position: Position, bytesMax: number): LogEntry[] | undefined {
    if (comparePositions(position, this.#after) < 0) return undefined
    const found: LogEntry[] = []
    let bytes = 0
    for (let at = this.#placeOf(position); at < this.#parts.length && bytes < bytesMax; at += 1) {
      bytes += (this.#parts[at] as LogPart).readAfter(position, bytesMax - bytes, found)
    }
    return found
  }

  /** The entries before `position`, newest first, about `bytesMax` of them; undefined when none of them is here. */
  readBefore(position: Position, bytesMax: number): LogEntry[] | undefined {
    const found: LogEntry[] = []
    let bytes = 0
    for (let at = this.#placeOf(position); at >= this.#dropped && bytes < bytesMax; at -= 1) {
      bytes += this.#parts[at]?.readBefore(position, bytesMax - bytes, found) ?? 0
    }
    return found.length === 0 ? undefined : found
  }

  /** How many entries lie behind `position`; `isExact` is false when it does not reach back so far, and there are more. */
  countAfter(position: Position): EntryCount {
    const isExact = comparePositions(position, this.#after) >= 0
    const place = this.#placeOf(position)
    const part = this.#parts[place]
    if (part === undefined) return { count: 0, isExact }
    return { count: this.#count - (this.#countsBefore[place] as number) - part.countUpTo(position), isExact }
  }

  /** The entry exactly there; undefined when it is not here. */
  find(position: Position): LogEntry | undefined {
    return this.#parts[this.#placeOf(position)]?.find(position)
  }

  /** Where the last part lies that begins at `position` or before it; else the first. */
  #placeOf(position: Position): number {
    let low = this.#dropped
    let high = this.#parts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (comparePositions((this.#parts[middle] as LogPart).first, position) > 0) high = middle
      else low = middle + 1
    }
    return Math.max(low - 1, this.#dropped)
  }

  #dropOldest(): void {
    const { last } = this.#parts[this.#dropped] as LogPart
    this.#parts[this.#dropped] = undefined
    this.#dropped += 1
    this.#after = last
  }

  /** Moving the rest down costs as much as has been dropped, so each part is moved about once. */
  #compact(): void {
    if (this.#dropped < compactCountMin || this.#dropped * 2 < this.#parts.length) return
    this.#parts = this.#parts.slice(this.#dropped)
    this.#countsBefore = this.#countsBefore.slice(this.#dropped)
    this.#dropped = 0
  }
}
