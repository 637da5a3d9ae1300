/**
 * The storage contract: ordered bytes under keys, in a few spaces, and one log beside them. It knows no BSON.
 *
 * A write body reads, puts, deletes and appends log entries; all of it becomes durable at once or not at all. Bodies run
 * one after another on the newest state, which includes what is still on its way to the disk; while one group of commits
 * is being synced, the next is decided. Readers see only what is durable.
 *
 *   write(body) ──▶ decided, in order ──▶ group ──▶ synced ──▶ readable ──▶ acknowledged and announced (onAppend)
 *
 * Types are asynchronous so that an engine may be a network away; one that is not answers at once.
 */
import type { MaybePromise } from '../base/maybe-promise.ts'

/**
 * What a key belongs to. Few on purpose: in LMDB each costs something in every transaction, so collections and indexes
 * are key prefixes inside one.
 */
export const spaces = ['catalog', 'records', 'index', 'session', 'meta'] as const
export type Space = (typeof spaces)[number]

/**
 * The longest key, in bytes, that every engine takes; the shortest has one byte. Callers cut and recheck what is longer. The
 * bounds of a range may be a byte longer, so that one can stand right behind any key.
 */
export const keyBytesMax = 1900

/**
 * A place in the log. `time` is a clusterTime as one number (seconds << 32 | increment) and grows with every commit;
 * the entries of one commit share it and differ by `index`, from 0.
 */
export interface Position {
  readonly time: bigint
  readonly index: number
}

/** The largest index that a position can have. */
export const logIndexMax = 0xffff_ffff

/** Negative, zero or positive, as `a` is before, at or behind `b`. */
export function comparePositions(a: Position, b: Position): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1
  return a.index - b.index
}

export interface LogEntry {
  readonly position: Position
  /** Never changed by anyone. */
  readonly bytes: Uint8Array
}

/**
 * Keys from `from` (inclusive) to `to` (exclusive), compared as bytes; downwards from the last with `reverse`. No bytes in
 * `from` means from the first key on; there is nothing before no bytes in `to`.
 */
export interface Range {
  readonly from: Uint8Array
  readonly to: Uint8Array
  readonly reverse?: boolean
}

export interface ScanLimits {
  /** At least 1. */
  readonly countMax: number
  /** Of keys and values together. The scan ends behind the entry that reaches it, so it always makes progress. */
  readonly bytesMax: number
}

/** Whether a scan within `limits` that gave `found` may have stopped before the end of its range. */
export function stoppedByLimits(found: readonly KeyValue[], limits: ScanLimits): boolean {
  if (found.length >= limits.countMax) return true
  return found.reduce((bytes, { key, value }) => bytes + key.length + value.length, 0) >= limits.bytesMax
}

export interface KeyValue {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Reads of one state. Bytes that come out are the caller's to keep, never to change. */
export interface Reader {
  /**
   * Two readers of one engine that have the same number here see the same in the space `catalog`, which changes seldom. Undefined
   * when that is not known.
   */
  readonly catalogVersion: number | undefined
  /** The value under `key`; undefined when there is none. */
  get(space: Space, key: Uint8Array): MaybePromise<Uint8Array | undefined>
  /** As many answers as keys, in the same order, in one round trip. */
  getMany(space: Space, keys: readonly Uint8Array[]): MaybePromise<(Uint8Array | undefined)[]>
  /** The first entries of the range, within the limits; fewer than the limits allow means the range ends there. */
  scan(space: Space, range: Range, limits: ScanLimits): MaybePromise<KeyValue[]>
}

/**
 * A durable, consistent state. It holds every write that was acknowledged before it was taken. Closing is the holder's duty: a
 * held snapshot makes the file grow. Closing again is harmless, reading a closed one is a bug.
 */
export interface Snapshot extends Reader {
  /** The last log entry in it; the log before its first entry is `{ time: 0n, index: 0 }`. */
  readonly position: Position
  close(): void
}

/**
 * What a write body works on: `get` and `getMany` see the newest state, the body's own puts and all bodies before it included.
 * It may be used until the body ends. The bytes that `put` is given are the engine's from then on: nobody may change them.
 */
export interface WriteTransaction extends Reader {
  /**
   * Sees the newest durable state without what is on its way, so it only proposes keys: a body gets a key again before
   * it changes what lies there.
   */
  scan(space: Space, range: Range, limits: ScanLimits): MaybePromise<KeyValue[]>
  put(space: Space, key: Uint8Array, value: Uint8Array): void
  /** Harmless when there is nothing under `key`. */
  delete(space: Space, key: Uint8Array): void
  /** Adds a copy of an entry to the log; it is given its position when the body ends. */
  append(entry: Uint8Array): void
}

/** How a commit went: the position of its last entry, or undefined when the body appended nothing. */
export interface Committed<T> {
  readonly result: T
  readonly position: Position | undefined
}

/** How many log entries there are somewhere; at least `count` where that is not exact. */
export interface EntryCount {
  readonly count: number
  readonly isExact: boolean
}

export interface Log {
  /** Position of the first entry; of an empty log `{ time: 0n, index: 0 }`. */
  readonly oldest: Position
  /** Position of the last durable entry; of an empty log `{ time: 0n, index: 0 }`. */
  readonly newest: Position
  /** Bytes of all durable entries, as they were given to `append`. */
  readonly bytes: number
  /**
   * The entries behind `position`, oldest first, about `bytesMax` of them and at least one if there is one. An empty
   * array says that `position` is at the end (or past it).
   */
  readAfter(position: Position, limits: { readonly bytesMax: number }): MaybePromise<LogEntry[]>
  /**
   * The entries before `position`, newest first, as many as `readAfter` would give. An empty array says that there are none
   * before it.
   */
  readBefore(position: Position, limits: { readonly bytesMax: number }): MaybePromise<LogEntry[]>
  /** How many entries lie behind `position`, as far as is known without reading anything. */
  countAfter(position: Position): EntryCount
  /** The entry exactly there; undefined when there is none. */
  get(position: Position): MaybePromise<LogEntry | undefined>
  /**
   * Calls `listener` after each group of commits that appended something, once it is durable and readable. A listener
   * that throws does not keep the others from being called; what it threw goes to `EngineOptions.report`. Returns the way
   * to stop.
   */
  onAppend(listener: () => void): () => void
  /**
   * Removes the entries of all commits before `time`, in small transactions that never hold up a write for long. The last commit
   * always stays, so that the log knows its place in time.
   *
   * @throws StorageFailed as `write` does; some of the entries may be gone then, always the oldest.
   */
  truncateBefore(time: bigint): Promise<void>
}

export interface Engine {
  readonly log: Log
  snapshot(): MaybePromise<Snapshot>
  /**
   * Runs `body` on the newest state and commits what it did. Resolves when that is durable and readable.
   *
   * A body may run again (another process may have won), so it has no effects of its own. If it throws, nothing of it is
   * ever seen and the same error is thrown here. It must not call `write`: that is a bug where it can be seen, and waits for
   * ever where it cannot. A body that changes nothing is done when what it read is durable.
   *
   * @throws StorageFailed when the commit was refused or its outcome is unknown, for it and for all that were decided after
   *   it. From then on every later write is refused until the engine is opened anew; reads go on.
   */
  write<T>(body: (transaction: WriteTransaction) => MaybePromise<T>): Promise<Committed<T>>
  /**
   * Waits for the writes that were asked for, then lets everything go, snapshots included. Whoever asks for something
   * afterwards gets StorageFailed; closing again is harmless.
   */
  close(): Promise<void>
}

export interface EngineOptions {
  /** Folder of the data; undefined for engines that have none. Created when it is not there. */
  readonly path?: string
  /**
   * The time of the commit after one at `previous` (0n for the first): greater than it. Asked once a commit that appends
   * something, in commit order.
   */
  nextTime(previous: bigint): bigint
  /** 16 bytes that name the data from its creation on; kept by the engine. */
  newDeploymentId(): Uint8Array
  /** Is told what a listener threw, which is a bug in it; without this nobody is. */
  report?(error: unknown): void
}

/** A member of storage/engines/. */
export interface EngineKind {
  readonly name: string
  /**
   * @throws StorageFailed, naming the file, when the data is damaged, of another format, or in use by another process.
   */
  open(options: EngineOptions): Promise<OpenedEngine>
}

export interface OpenedEngine extends Engine {
  /** The 16 bytes that `newDeploymentId` gave when the data was created. */
  readonly deploymentId: Uint8Array
}
