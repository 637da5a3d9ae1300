/**
 * The log in LMDB, with its newest entries in memory as well.
 *
 *   key     time u64 | index u32     log-key.ts
 *   value   total u64 | entry        total: bytes of all entries ever appended before this one
 *
 * Numbers are big-endian. With the total the size of any stretch of the log is a subtraction, whenever it is opened and whatever
 * was removed before, and no commit has to write a counter. The memory is for streams at the end of the log: they read no disk.
 */
import { must } from '../../base/assert.ts'
import { logTailBytesMax } from '../../base/limits.ts'
import { comparePositions } from '../engine.ts'
import type { LogEntry, Position } from '../engine.ts'
import { beginning, decodeLogKey, encodeLogKey } from '../log-key.ts'
import { LogTail } from '../log-tail.ts'
import type { Group } from '../writer.ts'
import type { Environment, View, Write } from './environment.ts'

const totalBytes = 8
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
  /** As they will be stored. */
  readonly entries: readonly LogEntry[]
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
    const { view } = environment
    const first = scanLog(view, { from: beginning, bytesMax: 1 })[0]
    const last = view.scan('log', { from: new Uint8Array(0), to: end, reverse: true }, { countMax: 1, bytesMax: 1 })[0]
    this.#oldest = first && { position: first.position, total: first.total }
    if (last !== undefined) {
      const { total, bytes } = decodeLogValue(last.value)
      this.#newest = { position: decodeLogKey(last.key), total: total + bytes.length }
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
    const from = { time: position.time, index: position.index + 1 }
    return scanLog(this.#environment.view, { from, bytesMax }).map(({ position: at, bytes }) => ({
      position: at,
      bytes,
    }))
  }

  /** As Log.get. */
  get(position: Position): LogEntry | undefined {
    const recent = this.#tail.find(position)
    if (recent !== undefined) return recent
    const value = this.#environment.view.get('log', encodeLogKey(position))
    return value && { position, bytes: decodeLogValue(value).bytes }
  }

  /**
   * The first entry that stays when the oldest ones before `position`, at most `countMax` of them, are removed; undefined when
   * there is none to remove. The newest always stays.
   */
  truncationStep(position: Position, countMax: number): Position | undefined {
    const target = comparePositions(position, this.newest) < 0 ? position : this.newest
    if (comparePositions(this.oldest, target) >= 0) return undefined
    const range = { from: encodeLogKey(this.oldest), to: end }
    const keys = this.#environment.view.scanKeys('log', range, countMax + 1)
    const staying = keys.map(decodeLogKey).find(at => comparePositions(at, target) >= 0)
    return staying ?? decodeLogKey(must(keys.at(-1), 'the oldest entry of the log'))
  }

  /** What LMDB has to do for a group. */
  plan({ entries, dropBefore }: Group): LogStep {
    const writes: Write[] = []
    let oldest = this.#oldest
    if (oldest !== undefined && dropBefore !== undefined && comparePositions(oldest.position, dropBefore) < 0) {
      const { view } = this.#environment
      const removed = { from: encodeLogKey(oldest.position), to: encodeLogKey(dropBefore) }
      for (const key of view.scanKeys('log', removed, Infinity)) writes.push({ table: 'log', key, value: undefined })
      const first = must(scanLog(view, { from: dropBefore, bytesMax: 1 })[0], 'an entry that stays in the log')
      oldest = { position: first.position, total: first.total }
    }
    let newest = this.#newest
    const stored = entries.map(({ position, bytes }) => {
      const total = newest?.total ?? 0
      const value = encodeLogValue(total, bytes)
      writes.push({ table: 'log', key: encodeLogKey(position), value })
      oldest ??= { position, total }
      newest = { position, total: total + bytes.length }
      // What was given may be a view of something far larger; this is not.
      return { position, bytes: value.subarray(totalBytes) }
    })
    return { writes, entries: stored, oldest, newest }
  }

  /** The step is durable, and the environment's view shows it. */
  took({ entries, oldest, newest }: LogStep): void {
    this.#oldest = oldest
    this.#newest = newest
    this.#tail.append(entries)
    this.#tail.dropBefore(this.oldest)
  }
}

interface StoredEntry extends LogEntry {
  readonly total: number
}

/** The entries from a position on, about `bytesMax` of them and at least one if there is one. */
function scanLog(
  view: View,
  { from, bytesMax }: { readonly from: Position; readonly bytesMax: number },
): StoredEntry[] {
  const range = { from: encodeLogKey(from), to: end }
  return view
    .scan('log', range, { countMax: Infinity, bytesMax })
    .map(({ key, value }) => ({ position: decodeLogKey(key), ...decodeLogValue(value) }))
}

function encodeLogValue(total: number, entry: Uint8Array): Uint8Array {
  const value = Buffer.allocUnsafe(totalBytes + entry.length)
  value.writeUInt32BE(Math.floor(total / 0x1_0000_0000), 0)
  value.writeUInt32BE(total % 0x1_0000_0000, 4)
  value.set(entry, totalBytes)
  return value
}

function decodeLogValue(value: Uint8Array): { readonly total: number; readonly bytes: Uint8Array } {
  const view = new DataView(value.buffer, value.byteOffset, totalBytes)
  return { total: view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4), bytes: value.subarray(totalBytes) }
}
