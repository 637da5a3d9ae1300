/**
 * The engine that keeps everything in memory: for tests, for simulation, and for data that may be gone when the process is.
 *
 * It answers at once and has no timers, so with a deterministic caller it is deterministic. What it calls the disk is an object;
 * who keeps it can open the data again, and who passes `beforeCommit` decides when a commit happens, and whether.
 */
import { assert } from '../../base/assert.ts'
import { StorageFailed } from '../../base/errors.ts'
import { AppendListeners } from '../append-listeners.ts'
import { spaces } from '../engine.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type {
  Committed,
  EngineKind,
  EngineOptions,
  EntryCount,
  KeyValue,
  Log,
  LogEntry,
  OpenedEngine,
  Position,
  Range,
  ScanLimits,
  Snapshot,
  Space,
  WriteTransaction,
} from '../engine.ts'
import { beginning } from '../log-key.ts'
import { LogTail } from '../log-tail.ts'
import { OrderedMap } from '../ordered-map.ts'
import { Writer } from '../writer.ts'
import type { Group, Store } from '../writer.ts'

type Maps = Readonly<Record<Space, OrderedMap>>

/** What snapshots of one state share. */
interface State {
  readonly maps: Maps
  readonly catalogVersion: number
}

function mapSpaces(mapOf: (space: Space) => OrderedMap): Maps {
  return Object.fromEntries(spaces.map(space => [space, mapOf(space)])) as Record<Space, OrderedMap>
}

/** What is committed. It outlives an engine that is closed, or that is no longer used after a pretended crash. */
export class MemoryDisk {
  readonly state: Maps = mapSpaces(() => new OrderedMap())
  readonly log = new LogTail(beginning, { bytesMax: Infinity })
  deploymentId: Uint8Array | undefined
  inUse = false
}

export interface MemoryFaults {
  /** What is there already; a new one when there is none. */
  readonly disk?: MemoryDisk
  /** Awaited before each group of commits happens. When it throws, that group fails and does not happen. */
  readonly beforeCommit?: () => MaybePromise<void>
}

export const engine: EngineKind = { name: 'memory', open: options => openMemory(options) }

/** As EngineKind.open, with a disk of its own and faults to be injected. */
export async function openMemory(
  options: EngineOptions,
  { disk = new MemoryDisk(), beforeCommit }: MemoryFaults = {},
): Promise<OpenedEngine> {
  if (disk.inUse) throw new StorageFailed('the memory disk is in use by another engine')
  disk.inUse = true
  disk.deploymentId ??= options.newDeploymentId()
  return new MemoryEngine({ disk, deploymentId: disk.deploymentId, options, beforeCommit })
}

interface MemoryEngineParts {
  readonly disk: MemoryDisk
  readonly deploymentId: Uint8Array
  readonly options: EngineOptions
  readonly beforeCommit: (() => MaybePromise<void>) | undefined
}

class MemoryEngine implements OpenedEngine {
  readonly log: Log
  readonly deploymentId: Uint8Array
  readonly #disk: MemoryDisk
  readonly #writer: Writer
  /** What snapshots of the state between two commits share; undefined until one is asked for. */
  #frozen: State | undefined
  #catalogVersion = 0
  readonly #closing = new AbortController()

  constructor({ disk, deploymentId, options, beforeCommit }: MemoryEngineParts) {
    this.deploymentId = deploymentId
    this.#disk = disk
    const listeners = new AppendListeners(error => options.report?.(error))
    const catalogVersion = () => this.#catalogVersion
    const store: Store = {
      get catalogVersion() {
        return catalogVersion()
      },
      get: (space, key) => disk.state[space].get(key),
      scan: (space, range, limits) => disk.state[space].scan(range, limits),
      commit: async group => {
        await beforeCommit?.()
        this.#frozen = undefined
        if (group.changes.has('catalog')) this.#catalogVersion++
        apply(disk, group)
        if (group.commits.length > 0) listeners.callAll()
      },
    }
    this.#writer = new Writer(store, {
      lastTime: newestIn(disk).time,
      nextTime: previous => options.nextTime(previous),
      turnEnd: () => Promise.resolve(),
    })
    this.log = new MemoryLog({ disk, listeners, writer: this.#writer, closing: this.#closing.signal })
  }

  snapshot(): Snapshot {
    requireOpen(this.#closing.signal)
    this.#frozen ??= {
      maps: mapSpaces(space => this.#disk.state[space].copy()),
      catalogVersion: this.#catalogVersion,
    }
    return new MemorySnapshot(this.#frozen, newestIn(this.#disk), this.#closing.signal)
  }

  write<T>(body: (transaction: WriteTransaction) => MaybePromise<T>): Promise<Committed<T>> {
    return this.#writer.write(body)
  }

  async close(): Promise<void> {
    await this.#writer.close()
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#disk.inUse = false
  }
}

const newestIn = ({ log }: MemoryDisk): Position => log.newest?.last ?? beginning

function apply(disk: MemoryDisk, { changes, commits, dropBefore }: Group): void {
  for (const [space, { key, value }] of changes) {
    if (value === undefined) disk.state[space].delete(key)
    else disk.state[space].set(key, value)
  }
  for (const { time, entries } of commits) disk.log.append(entries.place(time, disk.log.newest?.totalBehind ?? 0))
  if (dropBefore !== undefined) disk.log.dropBefore(dropBefore)
}

function requireOpen(closing: AbortSignal): void {
  if (closing.aborted) throw new StorageFailed('the storage engine is closed')
}

class MemorySnapshot implements Snapshot {
  readonly position: Position
  #state: State | undefined
  readonly #closing: AbortSignal

  constructor(state: State, position: Position, closing: AbortSignal) {
    this.#state = state
    this.position = position
    this.#closing = closing
  }

  get catalogVersion(): number {
    return this.#open().catalogVersion
  }

  get(space: Space, key: Uint8Array): Uint8Array | undefined {
    return this.#open().maps[space].get(key)
  }

  getMany(space: Space, keys: readonly Uint8Array[]): (Uint8Array | undefined)[] {
    const map = this.#open().maps[space]
    return keys.map(key => map.get(key))
  }

  scan(space: Space, range: Range, limits: ScanLimits): KeyValue[] {
    return this.#open().maps[space].scan(range, limits)
  }

  close(): void {
    this.#state = undefined
  }

  #open(): State {
    requireOpen(this.#closing)
    assert(this.#state !== undefined, 'a snapshot is not read after it was closed')
    return this.#state
  }
}

interface MemoryLogParts {
  readonly disk: MemoryDisk
  readonly listeners: AppendListeners
  readonly writer: Writer
  readonly closing: AbortSignal
}

class MemoryLog implements Log {
  readonly #disk: MemoryDisk
  readonly #listeners: AppendListeners
  readonly #writer: Writer
  readonly #closing: AbortSignal

  constructor({ disk, listeners, writer, closing }: MemoryLogParts) {
    this.#disk = disk
    this.#listeners = listeners
    this.#writer = writer
    this.#closing = closing
  }

  get oldest(): Position {
    return this.#disk.log.oldest ?? beginning
  }

  get newest(): Position {
    return newestIn(this.#disk)
  }

  get bytes(): number {
    return this.#disk.log.bytes
  }

  readAfter(position: Position, { bytesMax }: { readonly bytesMax: number }): LogEntry[] {
    requireOpen(this.#closing)
    const { log } = this.#disk
    return log.readAfter(position, bytesMax) ?? log.readAfter(log.after, bytesMax) ?? []
  }

  readBefore(position: Position, { bytesMax }: { readonly bytesMax: number }): LogEntry[] {
    requireOpen(this.#closing)
    return this.#disk.log.readBefore(position, bytesMax) ?? []
  }

  countAfter(position: Position): EntryCount {
    return this.#disk.log.countAfter(position)
  }

  get(position: Position): LogEntry | undefined {
    requireOpen(this.#closing)
    return this.#disk.log.find(position)
  }

  onAppend(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  async truncateBefore(time: bigint): Promise<void> {
    const kept = time < this.newest.time ? time : this.newest.time
    await this.#writer.write(transaction => transaction.dropLogBefore(kept))
  }
}
