/**
 * The journal: a file that each group of commits is written to, and from which it goes into LMDB later, together with others. A write
 * and a sync of the bytes themselves take a fraction of what LMDB needs, which writes every page that it touches and syncs twice.
 *
 * A record is needed until a checkpoint (checkpoints.ts) has stored what it holds; then its place is free. The file is used in rounds:
 * past `roundBytesMin` the next record goes to its beginning again, if there is room.
 *
 * A record may begin in the sector in which the one before it ends. So a sector whose writing a power cut interrupts is taken to be the
 * old one or the new one, not a third.
 */
import { closeSync, constants, fdatasync, fdatasyncSync, openSync, readFileSync, write, writeSync } from 'node:fs'
import { assert } from '../../base/assert.ts'
import { StorageFailed } from '../../base/errors.ts'
import { journalBufferBytesMax } from '../../base/limits.ts'
import type { Write } from './environment.ts'
import { journalHeadBytes, type JournalRecord, readRecords, RecordEncoder } from './journal-record.ts'

/** Shorter rounds are no faster. */
export const roundBytesMin = 1024 * 1024

/**
 * On Linux a write can be made to be on the disk when it is over, which saves a way to the thread that does it and back: the sync would
 * begin only when the event loop has time for it. Elsewhere that promises less than a sync does.
 */
const writesAreSynced = process.platform === 'linux'
const openFlags = constants.O_RDWR | (writesAreSynced ? constants.O_DSYNC : 0)

/** Bytes of the file, from `at` to `end`. */
interface Extent {
  readonly at: number
  readonly end: number
}

export class Journal {
  readonly #path: string
  readonly #file: number
  readonly #encoder: RecordEncoder
  /** Of the last record. */
  #number: bigint
  /** Behind the last record. */
  #head = journalHeadBytes
  /** What no checkpoint has stored, oldest first. */
  #needed: readonly (Extent & { readonly number: bigint })[]
  #found: readonly JournalRecord[]

  /**
   * Opens the journal of data whose last checkpoint has stored the record `number`, and all before it.
   *
   * @throws StorageFailed, naming the file.
   */
  constructor(path: string, number: bigint) {
    this.#path = path
    try {
      const bytes = readFileSync(path)
      this.#found = readRecords(bytes, number)
      this.#encoder = new RecordEncoder(bytes.subarray(0, journalHeadBytes), journalBufferBytesMax)
      this.#file = openDurable(path, bytes, this.#found)
    } catch (error) {
      throw new StorageFailed(`${path} is damaged or missing: ${String(error)}`, { cause: error })
    }
    const last = this.#found.at(-1)
    this.#number = last?.number ?? number
    this.#head = last?.end ?? journalHeadBytes
    this.#needed = this.#found.map(record => ({ number: record.number, at: record.at, end: record.end }))
  }

  /** Gives away what was in it behind the last checkpoint when it was opened: all of the file is kept as long as that is. */
  takeFound(): readonly JournalRecord[] {
    const found = this.#found
    this.#found = []
    return found
  }

  /** The number of the last record. */
  get number(): bigint {
    return this.#number
  }

  /**
   * Writes a record. Resolves with its number when it is on the disk. Only one at a time; after one that failed, of which nobody knows
   * whether it is there, no other.
   *
   * @throws StorageFailed
   */
  async append(writes: Iterable<Write>): Promise<bigint> {
    const number = this.#number + 1n
    const bytes = this.#encoder.encode(number, writes)
    const at = placeFor(bytes.length, this.#head, this.#needed)
    try {
      await writeAll(this.#file, bytes, at)
      if (!writesAreSynced) await sync(this.#file)
    } catch (error) {
      const isDiskFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
      const words = isDiskFull
        ? `there is no space left on the disk of ${this.#path}`
        : `${this.#path}: ${String(error)}`
      throw new StorageFailed(words, { cause: error, isDiskFull })
    }
    const end = at + bytes.length
    this.#number = number
    this.#head = end
    this.#needed = [...this.#needed, { number, at, end }]
    return number
  }

  /** The records up to `number` are not needed any more. */
  stored(number: bigint): void {
    this.#needed = this.#needed.filter(each => each.number > number)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/**
 * Where `length` bytes go: to the beginning of the file or behind the last record, at `head`, or behind everything that is needed, oldest
 * first.
 *
 * A round begins only when all that is needed lies in one piece, so at most one older piece can be in its way. Where `heldMax` bounds the
 * bytes that are needed and the new ones together, the file ends before `journalHeadBytes + max(roundBytesMin + heldMax, 2 * heldMax)`:
 * a round that meets the older piece is needed whole, so that the piece ends within `heldMax`, and what is written behind it is needed
 * as long as the round is. If rounds could begin before that, each could be sent a bit further than the last.
 */
export function placeFor(length: number, head: number, needed: readonly Extent[]): number {
  const isFree = (from: number) => needed.every(({ at, end }) => from + length <= at || end <= from)
  if (head >= roundBytesMin && isOnePiece(head, needed) && isFree(journalHeadBytes)) return journalHeadBytes
  return isFree(head) ? head : Math.max(...needed.map(({ end }) => end))
}

/** Whether each begins where the one before it ends, and the last ends at `head`. */
function isOnePiece(head: number, needed: readonly Extent[]): boolean {
  const begin = needed[0]?.at ?? head
  return head - begin === needed.reduce((bytes, { at, end }) => bytes + end - at, 0)
}

/**
 * Opens the file, whose bytes are `bytes`, and sees to it that the records found in it are on the disk. Whoever wrote them may have died,
 * or failed, between writing and syncing; then they are in the system's memory alone, and after a failed sync the system takes them for
 * written. So they are written once more.
 */
function openDurable(path: string, bytes: Buffer, records: readonly Extent[]): number {
  const file = openSync(path, openFlags)
  try {
    for (const { at, end } of records) {
      for (let written = at; written < end;) written += writeSync(file, bytes, written, end - written, written)
    }
    if (records.length > 0 && !writesAreSynced) fdatasyncSync(file)
    return file
  } catch (error) {
    closeSync(file)
    throw error
  }
}

async function writeAll(file: number, bytes: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const count = await writeSome(file, bytes.subarray(written), at + written)
    assert(count > 0, 'a write that writes nothing fails')
    written += count
  }
}

const writeSome = (file: number, bytes: Uint8Array, at: number): Promise<number> =>
  new Promise((resolve, reject) => {
    write(file, bytes, 0, bytes.length, at, (error, count) => (error === null ? resolve(count) : reject(error)))
  })

const sync = (file: number): Promise<void> =>
  new Promise((resolve, reject) => {
    fdatasync(file, error => (error === null ? resolve() : reject(error)))
  })
