/**
 * An engine over another: reads see a held snapshot of the base with what was written here, and the base sees nothing of it
 * before `commit`, which does everything in one write of the base.
 *
 *   base      a 1   b 2   c 3   d 4          as it was when the overlay was opened
 *   own             b 7   –     d 4  e 5     what was put here, and what was deleted
 *   read      a 1   b 7         d 4  e 5
 *
 * Whoever commits first wins. A key that a write body here read or changed must still lie in the base as it did in the snapshot;
 * that is looked at once more inside the committing write, and that look decides. Keys that are only scanned or read outside of
 * bodies may have changed: this is snapshot isolation.
 */
import { assert } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import { Changes, nameOf } from './changes.ts'
import type { Claims } from './claims.ts'
import { keyBytesMax, spaces } from './engine.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type {
  Committed,
  KeyValue,
  Log,
  OpenedEngine,
  Position,
  Range,
  Reader,
  ScanLimits,
  Snapshot,
  Space,
  WriteTransaction,
} from './engine.ts'
import type { EndReason, HeldSnapshot } from './held-snapshot.ts'
import { OrderedMap } from './ordered-map.ts'
import { BothScan } from './scan-both.ts'

type Own = Readonly<Record<Space, OrderedMap>>

/** What lies under a key that was deleted here; told from an empty value by being itself. */
const deleted = new Uint8Array(0)

const mapSpaces = (mapOf: (space: Space) => OrderedMap): Own =>
  Object.fromEntries(spaces.map(space => [space, mapOf(space)])) as Record<Space, OrderedMap>

export interface OverlayOptions {
  /** The state of the base to stand on. The overlay ends it when it is closed. */
  readonly held: HeldSnapshot
  /** Shared by the overlays of one base. */
  readonly claims: Claims
  /** Is told how many bytes more are held after each write. What it throws refuses that write. */
  onGrowth(bytes: number): void
}

/** What the committing write of the base is to do besides the puts and deletes: entries become part of it here. */
export type Conclude = (transaction: WriteTransaction, entries: readonly Uint8Array[]) => MaybePromise<void>

export class Overlay implements OpenedEngine {
  readonly log: Log
  readonly deploymentId: Uint8Array
  readonly #base: OpenedEngine
  readonly #options: OverlayOptions
  readonly #own: Own = mapSpaces(() => new OrderedMap())
  readonly #entries: Uint8Array[] = []
  /** What bodies read or changed, by space and name. */
  readonly #touched = new Map<Space, Map<string, Uint8Array>>()
  #hasChanges = false
  /** Resolves when the bodies asked for so far are over. */
  #last: Promise<unknown> = Promise.resolve()
  #closed: EndReason | undefined

  constructor(base: OpenedEngine, options: OverlayOptions) {
    this.log = base.log
    this.deploymentId = base.deploymentId
    this.#base = base
    this.#options = options
  }

  /** Whether there is anything to commit. */
  get hasChanges(): boolean {
    return this.#hasChanges
  }

  /** @throws what it was closed with. */
  snapshot(): Snapshot {
    return this.#read()
  }

  /** What the overlay stands on. @throws as `snapshot`. */
  beneath(): Snapshot {
    return this.#options.held.share()
  }

  #read(): OverlaidSnapshot {
    return new OverlaidSnapshot(
      this.#options.held.share(),
      mapSpaces(space => this.#own[space].copy()),
    )
  }

  /**
   * Runs a body on what there is here. Resolves when that is part of it. The position of its entries is not known yet.
   *
   * @throws CommandError WriteConflict when a key that the body changes is being changed elsewhere, or was since the snapshot.
   */
  write<T>(body: (transaction: WriteTransaction) => MaybePromise<T>): Promise<Committed<T>> {
    const run = this.#last.then(() => this.#run(body))
    this.#last = run.catch(() => undefined)
    return run
  }

  async #run<T>(body: (transaction: WriteTransaction) => MaybePromise<T>): Promise<Committed<T>> {
    const reader = this.#read()
    try {
      const transaction = new OverlayTransaction(reader)
      let result: T
      try {
        result = await body(transaction)
      } finally {
        transaction.end()
      }
      await this.#requireNoConflict(transaction.changes, reader)
      if (this.#closed !== undefined) throw this.#closed()
      this.#take(transaction)
      return { result, position: undefined }
    } finally {
      reader.close()
    }
  }

  /** Looks for a conflict early. What it misses is found by the commit. */
  async #requireNoConflict(changes: Changes, reader: OverlaidSnapshot): Promise<void> {
    if (changes.isEmpty) return
    const { claims, held } = this.#options
    for (const [space, { key }] of changes) if (claims.isOthers(this, space, key)) throw conflict()
    if (this.log.newest.time === held.position.time) return
    const newest = await this.#base.snapshot()
    try {
      for (const [space, { key }] of changes) {
        if (!isSame(await newest.get(space, key), await reader.base.get(space, key))) throw conflict()
      }
    } finally {
      newest.close()
    }
  }

  /** A body has ended well: what it did is part of this. */
  #take({ changes, entries, read }: OverlayTransaction): void {
    let bytes = 0
    for (const [space, key] of read) bytes += this.#touch(space, key)
    for (const [space, { key, value }] of changes) bytes += this.#touch(space, key) + key.length + (value?.length ?? 0)
    for (const entry of entries) bytes += entry.length
    this.#options.onGrowth(bytes)
    for (const [space, { key, value }] of changes) {
      this.#options.claims.claim(this, space, key)
      this.#own[space].set(key, value ?? deleted)
    }
    for (const entry of entries) this.#entries.push(entry)
    this.#hasChanges ||= !changes.isEmpty || entries.length > 0
  }

  /** Remembers the key; the bytes that takes. */
  #touch(space: Space, key: Uint8Array): number {
    let keys = this.#touched.get(space)
    if (keys === undefined) this.#touched.set(space, (keys = new Map()))
    const name = nameOf(key)
    if (keys.has(name)) return 0
    keys.set(name, key)
    return key.length
  }

  /**
   * Does everything in one write of the base. The overlay is over, however it ends, and is to be closed.
   *
   * @throws CommandError WriteConflict when somebody else has changed what was read or changed here; nothing is done then.
   * @throws StorageFailed as the base's write does.
   */
  async commit(conclude: Conclude): Promise<void> {
    await this.#last
    const reader = this.#options.held.share()
    try {
      await this.#base.write(async transaction => {
        await this.#requireUnchanged(transaction, reader)
        for (const space of spaces) {
          for (const { key, value } of this.#own[space].scan(everything, noLimits)) {
            if (value === deleted) transaction.delete(space, key)
            else transaction.put(space, key, value)
          }
        }
        await conclude(transaction, this.#entries)
      })
    } finally {
      reader.close()
    }
  }

  async #requireUnchanged(newest: Reader, snapshot: Reader): Promise<void> {
    for (const [space, touched] of this.#touched) {
      const keys = [...touched.values()]
      const now = await newest.getMany(space, keys)
      const before = await snapshot.getMany(space, keys)
      if (keys.some((_, index) => !isSame(now[index], before[index]))) throw conflict()
    }
  }

  /** Lets everything go; whoever goes on with it gets the reason. */
  end(reason: EndReason): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    const { claims, held } = this.#options
    held.end(reason)
    for (const [space, touched] of this.#touched) for (const key of touched.values()) claims.release(this, space, key)
  }

  /** The base is its owner's. */
  close(): Promise<void> {
    this.end(() => conflict())
    return Promise.resolve()
  }
}

const everything: Range = { from: new Uint8Array(0), to: new Uint8Array(keyBytesMax + 1).fill(0xff) }
const noLimits: ScanLimits = { countMax: Infinity, bytesMax: Infinity }

const conflict = (): CommandError =>
  new CommandError(
    'WriteConflict',
    'write conflict: what this transaction is to change is being changed by another, or was changed since it began; retry ' +
      'the transaction',
  )

const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && Buffer.compare(a, b) === 0)

const found = (own: Uint8Array): Uint8Array | undefined => (own === deleted ? undefined : own)

/** As Reader.getMany: what is known above, and the rest from below in one round trip. */
async function getLayered(
  keys: readonly Uint8Array[],
  findOwn: (key: Uint8Array) => { readonly value: Uint8Array | undefined } | undefined,
  getBelow: (missing: readonly Uint8Array[]) => MaybePromise<(Uint8Array | undefined)[]>,
): Promise<(Uint8Array | undefined)[]> {
  const own = keys.map(findOwn)
  const missing = keys.filter((_, index) => own[index] === undefined)
  const below = missing.length === 0 ? [] : await getBelow(missing)
  let next = 0
  return own.map(change => (change === undefined ? below[next++] : change.value))
}

/** The base's snapshot with what had been written here when it was taken. */
class OverlaidSnapshot implements Snapshot {
  readonly base: Snapshot
  readonly #own: Own

  constructor(base: Snapshot, own: Own) {
    this.base = base
    this.#own = own
  }

  get position(): Position {
    return this.base.position
  }

  get catalogVersion(): number | undefined {
    return this.#own.catalog.isEmpty ? this.base.catalogVersion : undefined
  }

  get(space: Space, key: Uint8Array): MaybePromise<Uint8Array | undefined> {
    const own = this.#own[space].get(key)
    return own === undefined ? this.base.get(space, key) : found(own)
  }

  getMany(space: Space, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const findOwn = (key: Uint8Array) => {
      const own = this.#own[space].get(key)
      return own && { value: found(own) }
    }
    return getLayered(keys, findOwn, missing => this.base.getMany(space, missing))
  }

  scan(space: Space, range: Range, limits: ScanLimits): MaybePromise<KeyValue[]> {
    const own = this.#own[space]
    if (own.scan(range, { countMax: 1, bytesMax: Infinity }).length === 0) return this.base.scan(space, range, limits)
    return this.#scanBoth(own, space, range, limits)
  }

  async #scanBoth(own: OrderedMap, space: Space, range: Range, limits: ScanLimits): Promise<KeyValue[]> {
    const scanOwn = (part: Range) => own.scan(part, { countMax: Infinity, bytesMax: Infinity })
    const scan = new BothScan({ scan: scanOwn, isDeletion: value => value === deleted }, range, limits)
    while (!scan.isDone) scan.take(await this.base.scan(space, scan.rest, limits))
    return scan.found
  }

  close(): void {
    this.base.close()
  }
}

/** What one body reads and wants done. */
class OverlayTransaction implements WriteTransaction {
  /** What a body knows of the catalog without reading it could change under it. */
  readonly catalogVersion = undefined
  readonly changes = new Changes()
  readonly entries: Uint8Array[] = []
  readonly read: [Space, Uint8Array][] = []
  readonly #state: OverlaidSnapshot
  #isOver = false

  constructor(state: OverlaidSnapshot) {
    this.#state = state
  }

  get(space: Space, key: Uint8Array): MaybePromise<Uint8Array | undefined> {
    this.#assertUsable()
    this.read.push([space, key])
    const own = this.changes.find(space, key)
    return own === undefined ? this.#state.get(space, key) : own.value
  }

  getMany(space: Space, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#assertUsable()
    for (const key of keys) this.read.push([space, key])
    const findOwn = (key: Uint8Array) => this.changes.find(space, key)
    return getLayered(keys, findOwn, missing => this.#state.getMany(space, missing))
  }

  scan(space: Space, range: Range, limits: ScanLimits): MaybePromise<KeyValue[]> {
    this.#assertUsable()
    return this.#state.scan(space, range, limits)
  }

  put(space: Space, key: Uint8Array, value: Uint8Array): void {
    this.#assertUsable()
    this.changes.add(space, { key, value })
  }

  delete(space: Space, key: Uint8Array): void {
    this.#assertUsable()
    this.changes.add(space, { key, value: undefined })
  }

  append(entry: Uint8Array): void {
    this.#assertUsable()
    // The caller writes the next one over it.
    this.entries.push(new Uint8Array(entry))
  }

  /** The body is over. */
  end(): void {
    this.#isOver = true
  }

  #assertUsable(): void {
    assert(!this.#isOver, 'a write transaction is used only until its body ends')
  }
}
