/** A snapshot that several share, and that its owner may end under them: a held snapshot makes the file grow. */
import { assert, Bug } from '../base/assert.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Committed, KeyValue, Log, OpenedEngine, Position, Range, ScanLimits, Snapshot, Space } from './engine.ts'

/** Makes the error for whoever reads on. */
export type EndReason = () => Error

export class HeldSnapshot {
  readonly #snapshot: Snapshot
  #readerCount = 0
  #ended: EndReason | undefined

  /** Takes over the snapshot. */
  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot
  }

  get position(): Position {
    return this.#snapshot.position
  }

  /** The same state for one more reader, to be closed by it. @throws what `end` was given. */
  share(): Snapshot {
    if (this.#ended !== undefined) throw this.#ended()
    this.#readerCount++
    return new Share(this.#snapshot, () => {
      this.#readerCount--
      this.#letGo()
    })
  }

  /** Nobody may begin to read it any more; who reads already may finish. The first reason stays. */
  end(reason: EndReason): void {
    this.#ended ??= reason
    this.#letGo()
  }

  #letGo(): void {
    if (this.#ended !== undefined && this.#readerCount === 0) this.#snapshot.close()
  }
}

class Share implements Snapshot {
  readonly position: Position
  readonly #snapshot: Snapshot
  readonly #onClose: () => void
  #isOpen = true

  constructor(snapshot: Snapshot, onClose: () => void) {
    this.position = snapshot.position
    this.#snapshot = snapshot
    this.#onClose = onClose
  }

  get catalogVersion(): number | undefined {
    return this.#open().catalogVersion
  }

  get(space: Space, key: Uint8Array): MaybePromise<Uint8Array | undefined> {
    return this.#open().get(space, key)
  }

  getMany(space: Space, keys: readonly Uint8Array[]): MaybePromise<(Uint8Array | undefined)[]> {
    return this.#open().getMany(space, keys)
  }

  scan(space: Space, range: Range, limits: ScanLimits): MaybePromise<KeyValue[]> {
    return this.#open().scan(space, range, limits)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#onClose()
  }

  #open(): Snapshot {
    assert(this.#isOpen, 'a snapshot is not read after it was closed')
    return this.#snapshot
  }
}

/** An engine whose snapshots are all of one state of another engine, which it cannot change. */
export class PastEngine implements OpenedEngine {
  readonly log: Log
  readonly deploymentId: Uint8Array
  readonly #held: HeldSnapshot

  constructor({ log, deploymentId }: OpenedEngine, held: HeldSnapshot) {
    this.log = log
    this.deploymentId = deploymentId
    this.#held = held
  }

  /** @throws what the held snapshot was ended with. */
  snapshot(): Snapshot {
    return this.#held.share()
  }

  write(): Promise<Committed<never>> {
    return Promise.reject(new Bug('a state of the past is not written'))
  }

  /** The base is its owner's, and so is the held snapshot. */
  close(): Promise<void> {
    return Promise.resolve()
  }
}
