/**
 * How what is in the journal gets into LMDB: several groups at a time, in one commit, behind everybody's back.
 *
 *   journal ─▶ add ─▶ layers ─▶ checkpoint ─▶ LMDB
 *                       └─ read by everyone until it is there
 *
 * A checkpoint begins when there is enough for one, or some milliseconds after there is something. Nobody waits for it but a group that
 * does not fit into the journal, and whoever closes. When one fails no other is tried: what is in the journal stays readable, nothing
 * is written any more, and the next who opens the data tries it.
 */
import { systemEnv, type Timer } from '../../base/env.ts'
import {
  checkpointBytes,
  checkpointGroupCount,
  checkpointMs,
  journaledBytesMax,
  journaledGroupCountMax,
} from '../../base/limits.ts'
import { Changes } from '../changes.ts'
import type { Position } from '../engine.ts'
import type { Environment, Write } from './environment.ts'
import type { Journal } from './journal.ts'
import { Layer, State } from './layers.ts'

/** A group of commits that is in the journal. */
export interface JournaledGroup {
  /** Of its record. */
  readonly number: bigint
  /** Nobody changes them any more. */
  readonly changes: Changes
  readonly logWrites: readonly Write[]
  /** Of its last log entry; undefined when it has none. */
  readonly newest: Position | undefined
  readonly bytes: number
}

export interface CheckpointParts {
  readonly environment: Environment
  readonly journal: Journal
  /** Called when LMDB's view shows a group, and all before it. */
  readonly onStored: (group: JournaledGroup) => void
}

export class Checkpoints {
  readonly #parts: CheckpointParts
  /** Those that LMDB does not hold, oldest first. */
  #groups: readonly JournaledGroup[] = []
  #layers: readonly Layer[] = []
  /** About what they weigh. */
  #bytes = 0
  #catalogVersion = 0
  #state: State
  /** The one that is being made; it never rejects. */
  #running: Promise<void> | undefined
  #timer: Timer | undefined
  #failure: { readonly cause: unknown } | undefined

  constructor(parts: CheckpointParts) {
    this.#parts = parts
    this.#state = this.#newestState()
  }

  /** Everything durable. */
  get state(): State {
    return this.#state
  }

  /** Whether a group that weighs so much may be added. */
  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= journaledBytesMax && this.#groups.length < journaledGroupCountMax
  }

  /** @throws what the first checkpoint that failed did. */
  requireWorking(): void {
    if (this.#failure !== undefined) throw this.#failure.cause
  }

  /** From now on a group is part of the state. */
  add(group: JournaledGroup): void {
    this.#groups = [...this.#groups, group]
    this.#layers = [...this.#layers, new Layer(group.changes)]
    this.#bytes += group.bytes
    if (group.changes.has('catalog')) this.#catalogVersion++
    this.#state = this.#newestState()
    if (this.#running !== undefined || this.#failure !== undefined) return
    if (this.#bytes >= checkpointBytes || this.#groups.length >= checkpointGroupCount) void this.#begin()
    else this.#timer ??= systemEnv.after(checkpointMs, () => void this.#begin())
  }

  /** Resolves when LMDB holds everything that was added. @throws what the first checkpoint that failed did. */
  async all(): Promise<void> {
    while (this.#groups.length > 0) {
      this.requireWorking()
      await this.#begin()
    }
  }

  /** Somebody else wrote these changes to LMDB, while it held everything: the state is the one it has now. */
  passed(changes: Changes): void {
    if (changes.has('catalog')) this.#catalogVersion++
    this.#parts.environment.refresh()
    this.#state = this.#newestState()
  }

  #newestState(): State {
    return new State(this.#parts.environment.view, this.#layers, this.#catalogVersion)
  }

  #begin(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#running ??= this.#run()
    return this.#running
  }

  async #run(): Promise<void> {
    // Whoever waits for the group that was added last is answered first.
    await systemEnv.yieldTurn()
    try {
      do await this.#store()
      while (this.#bytes >= checkpointBytes || this.#groups.length >= checkpointGroupCount)
    } catch (cause) {
      this.#failure = { cause }
    }
    // In the turn in which it was looked whether there is more: a group that comes later is to begin a checkpoint of its own.
    this.#running = undefined
    if (this.#failure === undefined && this.#groups.length > 0)
      this.#timer ??= systemEnv.after(checkpointMs, () => void this.#begin())
  }

  async #store(): Promise<void> {
    const taken = this.#groups
    const last = taken.at(-1)
    if (last === undefined) return
    const { environment, journal, onStored } = this.#parts
    await environment.commit(writesOf(taken), last.number)
    journal.stored(last.number)
    // First: should it fail, the layers are still what readers see these groups by.
    environment.refresh()
    this.#groups = this.#groups.slice(taken.length)
    this.#layers = this.#layers.slice(taken.length)
    for (const { bytes } of taken) this.#bytes -= bytes
    this.#state = this.#newestState()
    for (const group of taken) onStored(group)
  }
}

/** Each key once, with the last word on it. */
function* writesOf(groups: readonly JournaledGroup[]): Generator<Write> {
  for (const [table, { key, value }] of Changes.merged(groups.map(({ changes }) => changes)))
    yield { table, key, value }
  for (const { logWrites } of groups) yield* logWrites
}
