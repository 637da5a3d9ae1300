/**
 * LMDB, as the embedded engine wants it: one database for each space and one for the log, atomic groups of writes off the event
 * loop, and read views. The only file that knows the `lmdb` package, whose traps it closes:
 *
 * - overlappingSync is off. With it a commit can be read before it is on the disk; without it LMDB writes the pages, syncs, and
 *   only then writes and syncs the meta page that makes them visible. Proof: with each fdatasync held up for 300 ms by strace
 *   (`strace -f -e trace=fdatasync -e inject=fdatasync:delay_enter=300000 node …`), someone who polls fresh read transactions sees
 *   the new value after 12 ms with it on, 301 ms before the write's promise resolves; and with it off not before that promise
 *   resolves, after 312 ms. test/crash/engine.test.ts keeps it so.
 * - safeRestore: the newest meta page is not trusted for the only reason that the machine has not been booted since.
 * - eventTurnBatching is off: with it a failed commit becomes an unhandled rejection. Whoever is awaited here gets the reason.
 * - `batch` is atomic, and what is in it is only queued: no code of ours ever runs inside an LMDB transaction.
 * - Nothing is ever in the root database, no key is too long, and nothing is read by a transaction that is over.
 * - The table of readers is written out before it is mapped, so that a full disk cannot kill the process.
 * - LMDB hands out values in one buffer that the next read overwrites; what leaves this file is copied.
 */
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'lmdb'
import type { Database, DatabaseOptions, GetOptions, RootDatabase, Transaction } from 'lmdb'
import { assert } from '../../base/assert.ts'
import { systemEnv } from '../../base/env.ts'
import { StorageFailed } from '../../base/errors.ts'
import { keyBytesMax, spaces } from '../engine.ts'
import type { KeyValue, Range, ScanLimits, Space } from '../engine.ts'
import { Copier } from './copier.ts'

/** What a database is made for. */
export type Table = Space | 'log'

/** Beside them, `journal` has one value: the number of the last record of the journal that is stored, u64. */
type OwnTable = Table | 'journal'

const tables: readonly OwnTable[] = [...spaces, 'log', 'journal']
const journalKey = Uint8Array.of(0)

/** A value of undefined removes the key. */
export interface Write {
  readonly table: Table
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/** What lmdb's own types leave out. */
interface LmdbTable extends Omit<Database<Uint8Array, Uint8Array>, 'getBinaryFast'> {
  /** The value in a buffer that the next read overwrites, and whose length is not always the value's: that is `lastSize`. */
  getBinaryFast(key: Uint8Array, options?: GetOptions): Buffer | undefined
  readonly lastSize: number
  /** How a key gets out of the buffer that the next one overwrites. */
  readKey(bytes: Uint8Array, start: number, end: number): Uint8Array
}

interface LmdbEncoder {
  encode(value: Uint8Array): Uint8Array
  decode(bytes: Uint8Array, count: number): Uint8Array
}

type Root = RootDatabase<Uint8Array, Uint8Array>
type Tables = Readonly<Record<OwnTable, LmdbTable>>

/** Views at a time of different states; each has 64 bytes in the table of readers. */
const readerCountMax = 4096
const readerTableBytes = (readerCountMax + 32) * 64

const rootOptions = {
  keyEncoding: 'binary',
  encoding: 'binary',
  maxDbs: 32,
  maxReaders: readerCountMax,
  overlappingSync: false,
  safeRestore: true,
  eventTurnBatching: false,
  noMemInit: false,
  noSubdir: false,
} as const

/** Opens the tables, making those that are not there. What is read from them is copied by `copier`. */
function openTables(root: Root, copier: Copier): Tables {
  // Values go in as they are.
  const encoder: LmdbEncoder = { encode: value => value, decode: (bytes, count) => copier.copy(bytes, 0, count) }
  const opened = tables.map(name => {
    const options: DatabaseOptions & { name: string; encoder: LmdbEncoder } = { name, keyEncoding: 'binary', encoder }
    const table = root.openDB<Uint8Array, Uint8Array>(options) as LmdbTable
    table.readKey = (bytes, start, end) => copier.copy(bytes, start, end - start)
    return [name, table] as const
  })
  return Object.fromEntries(opened) as Record<OwnTable, LmdbTable>
}

/**
 * LMDB makes its table of readers a file full of holes and maps it. Where the disk has no room to fill a hole, touching it kills the
 * process. Nobody has the table open: the data has one owner, who does this first.
 */
function reserveReaderTable(path: string): void {
  const file = join(path, 'lock.mdb')
  const found = statSync(file, { throwIfNoEntry: false })
  if (found !== undefined && found.blocks * 512 >= readerTableBytes) return
  writeFileSync(file, new Uint8Array(readerTableBytes), { mode: 0o600 })
}

/** Makes an environment with empty tables in the folder `path`. It is closed and not synced. */
export async function createEnvironment(path: string): Promise<void> {
  reserveReaderTable(path)
  const root = open<Uint8Array, Uint8Array>({ ...rootOptions, path, noSync: true })
  openTables(root, new Copier())
  await root.close()
}

interface Opened {
  /** Those that somebody holds. */
  readonly views: Set<View>
  /** The file, for messages. */
  readonly file: string
  readonly root: Root
  readonly tables: Tables
  readonly copier: Copier
}

/** A consistent, durable state. It lives until everyone who retained it has released it. */
export class View {
  readonly #tables: Tables
  readonly #transaction: Transaction
  readonly #options: GetOptions
  readonly #copier: Copier
  readonly #file: string
  readonly #views: Set<View>
  #holderCount = 1
  #isClosed = false

  /** Of the state as it is now; held once, by whoever makes it. */
  constructor({ views, file, root, tables: viewed, copier }: Opened) {
    this.#file = file
    this.#tables = viewed
    this.#copier = copier
    this.#transaction = root.useReadTransaction()
    this.#options = { transaction: this.#transaction }
    this.#views = views
    views.add(this)
  }

  retain(): void {
    assert(this.#holderCount > 0, 'a view that is over is not retained')
    this.#holderCount += 1
  }

  release(): void {
    assert(this.#holderCount > 0, 'a view is released once for each time it is retained')
    this.#holderCount -= 1
    if (this.#holderCount === 0) this.close()
  }

  /** Whoever holds it has nothing to read any more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#views.delete(this)
    this.#transaction.done()
  }

  /** @throws StorageFailed when the environment is closed. */
  requireOpen(): void {
    assert(this.#holderCount > 0, 'a view that is over is not read')
    if (this.#isClosed) throw new StorageFailed('the storage engine is closed')
  }

  /** Undefined when there is nothing, as there is under every key that is too long to be put. */
  get(name: OwnTable, key: Uint8Array): Uint8Array | undefined {
    this.requireOpen()
    if (key.length === 0 || key.length > keyBytesMax) return undefined
    const table = this.#tables[name]
    try {
      const shared = table.getBinaryFast(key, this.#options)
      return shared === undefined ? undefined : this.#copier.copy(shared, 0, table.lastSize)
    } catch (error) {
      throw this.#failed(error)
    }
  }

  scan(name: Table, range: Range, { countMax, bytesMax }: ScanLimits): KeyValue[] {
    const options = this.#rangeOptions(range, countMax)
    if (options === undefined) return []
    const found: KeyValue[] = []
    let bytes = 0
    try {
      for (const entry of this.#tables[name].getRange(options)) {
        found.push(entry)
        bytes += entry.key.length + entry.value.length
        if (bytes >= bytesMax) break
      }
    } catch (error) {
      throw this.#failed(error)
    }
    return found
  }

  /** The keys of a range alone: several times faster. */
  scanKeys(name: Table, range: Range, countMax: number): Uint8Array[] {
    const options = this.#rangeOptions(range, countMax)
    if (options === undefined) return []
    try {
      return [...this.#tables[name].getKeys(options)]
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** What LMDB found, which looked at the file as it was opened and finds it changed, or too large to be looked at whole. */
  #failed(cause: unknown): StorageFailed {
    return new StorageFailed(`${this.#file} is damaged or cannot be read: ${String(cause)}`, { cause })
  }

  /** Undefined for a range that nothing can be in. LMDB would take an end without bytes for none. */
  #rangeOptions({ from, to, reverse = false }: Range, limit: number) {
    this.requireOpen()
    assert(
      from.length <= keyBytesMax + 1 && to.length <= keyBytesMax + 1,
      'the bounds of a range are no longer than keys',
    )
    if (to.length === 0) return undefined
    const transaction = this.#transaction
    return reverse
      ? { start: to, exclusiveStart: true, end: from, inclusiveEnd: true, reverse, limit, transaction }
      : { start: from, end: to, limit, transaction }
  }
}

export class Environment {
  readonly #opened: Opened
  #view: View

  /** Of a folder that createEnvironment has made and checkPages has looked at. */
  constructor(path: string) {
    reserveReaderTable(path)
    const root = open<Uint8Array, Uint8Array>({ ...rootOptions, path })
    const copier = new Copier()
    silenceFailures(root)
    this.#opened = { views: new Set(), file: join(path, 'data.mdb'), root, tables: openTables(root, copier), copier }
    this.#view = new View(this.#opened)
  }

  /** The state as it was at the last refresh: until the next one it is always the same. */
  get view(): View {
    return this.#view
  }

  /** Lets `view` be the state that the last commit has left. */
  refresh(): void {
    const before = this.#view
    this.#view = new View(this.#opened)
    before.release()
  }

  /** The number of the last record of the journal that a commit has stored. */
  get journalNumber(): bigint {
    const number = this.#view.get('journal', journalKey)
    return number === undefined ? 0n : Buffer.from(number).readBigUInt64BE()
  }

  /**
   * Makes all of it durable or nothing, and that all records of the journal up to `journalNumber` are stored. Only one at a time: of two
   * that follow each other without waiting, the first could fail and the second not.
   */
  async commit(writes: Iterable<Write>, journalNumber: bigint): Promise<void> {
    const { root, tables: written } = this.#opened
    const number = Buffer.alloc(8)
    number.writeBigUInt64BE(journalNumber)
    const committed = root.batch(() => {
      // What they promise is promised by the batch.
      void written.journal.put(journalKey, number)
      for (const { table, key, value } of writes) {
        if (value === undefined) void written[table].remove(key)
        else void written[table].put(key, value)
      }
    })
    try {
      await committed
    } catch (error) {
      throw await reasonOf(error)
    }
  }

  /** Nothing may be on its way. Whoever holds a view reads no more of it. */
  async close(): Promise<void> {
    for (const view of this.#opened.views) view.close()
    await this.#opened.root.close()
  }
}

/** LMDB's own error, which it promises inside another one, and keeps that promise at once or never. */
async function reasonOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  try {
    await Promise.race([error.commitError, systemEnv.yieldTurn()])
    return error
  } catch (reason) {
    return reason
  }
}

/**
 * lmdb prints the error of a failed commit, right after its listeners were told and before anybody else's code runs. Whoever asked
 * for the commit is told as well, so for that moment there is nobody to print to.
 */
function silenceFailures(root: Root): void {
  root.on('aftercommit', ({ txnId }: { readonly txnId?: number }) => {
    if (txnId !== undefined) return
    const { error } = console
    Object.assign(console, { error: () => undefined })
    queueMicrotask(() => Object.assign(console, { error }))
  })
}
