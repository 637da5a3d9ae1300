/** What one write body reads, and what it wants done. Nothing happens before it ends well; see writer.ts. */
import { assert } from '../base/assert.ts'
import { Changes } from './changes.ts'
import { keyBytesMax } from './engine.ts'
import type { KeyValue, Range, ScanLimits, Space, WriteTransaction } from './engine.ts'
import { PackedEntries } from './log-part.ts'

/** The state that all bodies before this one have left. */
export interface NewestState {
  /** As in Reader. */
  readonly catalogVersion: number | undefined
  get(space: Space, key: Uint8Array): Uint8Array | undefined
}

/** The newest durable state. */
export interface DurableState {
  scan(space: Space, range: Range, limits: ScanLimits): KeyValue[]
}

export class Transaction implements WriteTransaction {
  readonly changes = new Changes()
  readonly entries = new PackedEntries()
  #dropBefore: bigint | undefined
  #ended = false
  readonly #newest: NewestState
  readonly #durable: DurableState

  constructor(newest: NewestState, durable: DurableState) {
    this.#newest = newest
    this.#durable = durable
  }

  /** The log's commits before this time are to be removed. */
  get dropBefore(): bigint | undefined {
    return this.#dropBefore
  }

  get catalogVersion(): number | undefined {
    this.#assertUsable()
    return this.changes.has('catalog') ? undefined : this.#newest.catalogVersion
  }

  get changesNothing(): boolean {
    return this.changes.isEmpty && this.entries.count === 0 && this.#dropBefore === undefined
  }

  get(space: Space, key: Uint8Array): Uint8Array | undefined {
    this.#assertUsable()
    const own = this.changes.find(space, key)
    return own === undefined ? this.#newest.get(space, key) : own.value
  }

  getMany(space: Space, keys: readonly Uint8Array[]): (Uint8Array | undefined)[] {
    return keys.map(key => this.get(space, key))
  }

  scan(space: Space, range: Range, limits: ScanLimits): KeyValue[] {
    this.#assertUsable()
    return this.#durable.scan(space, range, limits)
  }

  put(space: Space, key: Uint8Array, value: Uint8Array): void {
    this.#change(space, key, value)
  }

  delete(space: Space, key: Uint8Array): void {
    this.#change(space, key, undefined)
  }

  append(entry: Uint8Array): void {
    this.#assertUsable()
    this.entries.append(entry)
  }

  /** Not of the contract: what Log.truncateBefore does, in the order of writes. */
  dropLogBefore(time: bigint): void {
    this.#assertUsable()
    this.#dropBefore = time
  }

  /** The body is over. */
  end(): void {
    this.#ended = true
  }

  #change(space: Space, key: Uint8Array, value: Uint8Array | undefined): void {
    this.#assertUsable()
    assert(key.length > 0 && key.length <= keyBytesMax, `a key has 1 to ${keyBytesMax} bytes, not ${key.length}`)
    this.changes.add(space, { key, value })
  }

  #assertUsable(): void {
    assert(!this.#ended, 'a write transaction is used only until its body ends')
  }
}
