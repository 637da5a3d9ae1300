/**
 * The newest entries of a log, in memory: all of them behind a position that moves up as older ones make room.
 *
 *   … dropped … after │ entry entry entry newest
 *
 * Bounded in bytes. It loses what is old, never what is between.
 */
import { comparePositions } from './engine.ts'
import type { LogEntry, Position } from './engine.ts'

/** Dropped entries leave the array when they are this many and half of it. */
const compactCountMin = 1024

export class LogTail {
  readonly #bytesMax: number
  /** Oldest first; the places of the first #dropped are empty. */
  #entries: (LogEntry | undefined)[] = []
  #dropped = 0
  #bytes = 0
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
    return this.#bytes
  }

  /** Undefined when it is empty. */
  get oldest(): Position | undefined {
    return this.#entries[this.#dropped]?.position
  }

  /** Adds entries that lie behind all others. The newest stays, however large it is. */
  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry)
      this.#bytes += entry.bytes.length
    }
    while (this.#bytes > this.#bytesMax && this.#entries.length - this.#dropped > 1) this.#dropOldest()
    this.#compact()
  }

  dropBefore(position: Position): void {
    for (;;) {
      const oldest = this.oldest
      if (oldest === undefined || comparePositions(oldest, position) >= 0) break
      this.#dropOldest()
    }
    this.#compact()
  }

  /** The entries behind `position`, about `bytesMax` of them; undefined when it does not reach back so far. */
  readAfter(position: Position, bytesMax: number): LogEntry[] | undefined {
    if (comparePositions(position, this.#after) < 0) return undefined
    const found: LogEntry[] = []
    let bytes = 0
    for (let at = this.#firstFrom(position, 1); at < this.#entries.length; at += 1) {
      const entry = this.#entries[at] as LogEntry
      found.push(entry)
      bytes += entry.bytes.length
      if (bytes >= bytesMax) break
    }
    return found
  }

  /** The entry exactly there; undefined when it is not here. */
  find(position: Position): LogEntry | undefined {
    const entry = this.#entries[this.#firstFrom(position, 0)]
    return entry !== undefined && comparePositions(entry.position, position) === 0 ? entry : undefined
  }

  /** Where the first entry lies whose place relative to `position` is at least `order`: 0 for there, 1 for behind. */
  #firstFrom(position: Position, order: 0 | 1): number {
    let low = this.#dropped
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (comparePositions((this.#entries[middle] as LogEntry).position, position) >= order) high = middle
      else low = middle + 1
    }
    return low
  }

  #dropOldest(): void {
    const { position, bytes } = this.#entries[this.#dropped] as LogEntry
    this.#entries[this.#dropped] = undefined
    this.#dropped += 1
    this.#bytes -= bytes.length
    this.#after = position
  }

  /** Moving the rest down costs as much as has been dropped, so each entry is moved about once. */
  #compact(): void {
    if (this.#dropped < compactCountMin || this.#dropped * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#dropped)
    this.#dropped = 0
  }
}
