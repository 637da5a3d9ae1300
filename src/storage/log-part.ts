/**
 * Some entries of one commit that follow each other, in one piece of bytes: what a log is stored in.
 *
 *   value   total u64 | count u32 | entry …        total: bytes of all entries ever appended before these
 *   entry   length u32 | bytes                     numbers are big-endian
 *
 * A store works about as long on a value as on a few hundred bytes of it, so a commit of many entries is a few values. With the total
 * the size of any stretch of the log is a subtraction, whenever it is opened and whatever was removed before, and no commit has to
 * write a counter.
 */
import { logPartBytesMax } from '../base/limits.ts'
import { comparePositions, type LogEntry, type Position } from './engine.ts'

const headBytes = 12
const lengthBytes = 4

/** A part that has no place in the log yet. */
interface Packed {
  /** The index of its first entry. */
  readonly index: number
  /** As in the log, but for the total. */
  readonly value: Buffer
}

/** The entries of one write body. */
export interface Commit {
  readonly time: bigint
  readonly entries: PackedEntries
}

/** Entries of one commit, packed as they come. */
export class PackedEntries {
  readonly #packed: Packed[] = []
  #count = 0
  #bytes = 0
  // The part that is being filled.
  #value: Buffer | undefined
  #at = 0
  #index = 0

  get count(): number {
    return this.#count
  }

  /** Of the entries alone. */
  get bytes(): number {
    return this.#bytes
  }

  /** Copies `entry` behind the others. */
  append(entry: Uint8Array): void {
    if (this.#at >= logPartBytesMax) this.#finish()
    const end = (this.#at === 0 ? headBytes : this.#at) + lengthBytes + entry.length
    const value = this.#reserve(end)
    const start = end - entry.length
    value.writeUInt32BE(entry.length, start - lengthBytes)
    value.set(entry, start)
    this.#at = end
    this.#count += 1
    this.#bytes += entry.length
  }

  /** Gives them their place: behind entries of `total` bytes. Nothing may be appended any more. */
  place(time: bigint, total: number): LogPart[] {
    this.#finish()
    let before = total
    return this.#packed.map(({ index, value }) => {
      value.writeUInt32BE(Math.floor(before / 0x1_0000_0000), 0)
      value.writeUInt32BE(before % 0x1_0000_0000, 4)
      const part = new LogPart({ time, index }, value)
      before = part.totalBehind
      return part
    })
  }

  #reserve(bytes: number): Buffer {
    if (this.#value !== undefined && bytes <= this.#value.length) return this.#value
    const grown = Buffer.allocUnsafe(Math.max(bytes, this.#roomFor(bytes)))
    if (this.#value !== undefined) grown.set(this.#value.subarray(0, this.#at))
    this.#value = grown
    return grown
  }

  /** The first entry has just the room it needs, since most commits have only one; behind a full part another one is expected. */
  #roomFor(bytes: number): number {
    const most = logPartBytesMax + bytes
    if (this.#packed.length > 0) return most
    return this.#value === undefined ? bytes : Math.min(4 * this.#value.length, most)
  }

  #finish(): void {
    if (this.#value === undefined) return
    const filled = this.#value.subarray(0, this.#at)
    // Parts are kept: what was reserved for nothing would be kept with them.
    const value = filled.length * 4 < this.#value.length * 3 ? Buffer.from(filled) : filled
    value.writeUInt32BE(this.#count - this.#index, 8)
    this.#packed.push({ index: this.#index, value })
    this.#value = undefined
    this.#at = 0
    this.#index = this.#count
  }
}

export class LogPart {
  readonly time: bigint
  /** The index of its first entry. */
  readonly index: number
  /** Its bytes; nobody changes them. */
  readonly value: Uint8Array
  readonly #view: DataView

  constructor(first: Position, value: Uint8Array) {
    this.time = first.time
    this.index = first.index
    this.value = value
    this.#view = new DataView(value.buffer, value.byteOffset, value.length)
  }

  get first(): Position {
    return { time: this.time, index: this.index }
  }

  get last(): Position {
    return { time: this.time, index: this.index + this.count - 1 }
  }

  /** Bytes of all entries before its first. */
  get total(): number {
    return this.#view.getUint32(0) * 0x1_0000_0000 + this.#view.getUint32(4)
  }

  /** Bytes of all entries before it and of its own. */
  get totalBehind(): number {
    return this.total + this.value.length - headBytes - lengthBytes * this.count
  }

  /** Of its entries. */
  get count(): number {
    return this.#view.getUint32(8)
  }

  /** How many of its entries lie at `position` or before it. */
  countUpTo({ time, index }: Position): number {
    if (time !== this.time) return time < this.time ? 0 : this.count
    return Math.max(0, Math.min(index - this.index + 1, this.count))
  }

  /** Adds the entries behind `position` to `found`, about `bytesMax` of them and at least one if there is one. Their bytes. */
  readAfter(position: Position, bytesMax: number, found: LogEntry[]): number {
    const { time, index, value, count } = this
    const skipped = this.countUpTo(position)
    let bytes = 0
    let at = headBytes
    for (let offset = 0; offset < count; offset++) {
      const start = at + lengthBytes
      const length = this.#view.getUint32(at)
      at = start + length
      if (offset < skipped) continue
      found.push({ position: { time, index: index + offset }, bytes: value.subarray(start, at) })
      bytes += length
      if (bytes >= bytesMax) break
    }
    return bytes
  }

  /** Adds the entries before `position` to `found`, newest first, about `bytesMax` of them and at least one if there is one. Their bytes. */
  readBefore(position: Position, bytesMax: number, found: LogEntry[]): number {
    const entries: LogEntry[] = []
    this.readAfter({ time: this.time, index: this.index - 1 }, Infinity, entries)
    let bytes = 0
    for (const entry of entries.toReversed()) {
      if (comparePositions(entry.position, position) >= 0) continue
      found.push(entry)
      bytes += entry.bytes.length
      if (bytes >= bytesMax) break
    }
    return bytes
  }

  /** The entry exactly there; undefined when it is not in this part. */
  find({ time, index }: Position): LogEntry | undefined {
    if (time !== this.time || index < this.index) return undefined
    const found: LogEntry[] = []
    this.readAfter({ time, index: index - 1 }, 0, found)
    return found[0]
  }
}
