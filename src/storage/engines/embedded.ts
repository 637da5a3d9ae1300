/**
 * The engine of one machine: documents, indexes and log in one LMDB environment, and a journal in front of it.
 *
 *   writer ─▶ group ─▶ journal ─▶ durable, readable, announced ─▶ checkpoint ─▶ LMDB
 *
 * It only puts together: bodies are decided by writer.ts, made durable by embedded/journal.ts, brought into LMDB by
 * embedded/checkpoints.ts, the log is embedded/stored-log.ts, and the files are those of embedded/data-directory.ts. Readers share the
 * state behind the last group, so a snapshot costs nothing until it is read, and always shows exactly what the log has announced.
 */
import { statfsSync } from 'node:fs'
import { assert, must } from '../../base/assert.ts'
import { systemEnv } from '../../base/env.ts'
import { StorageFailed } from '../../base/errors.ts'
import { logTruncateCountMax } from '../../base/limits.ts'
import { AppendListeners } from '../append-listeners.ts'
import { Changes } from '../changes.ts'
import { Checkpoints, type JournaledGroup } from '../embedded/checkpoints.ts'
import { openDataDirectory } from '../embedded/data-directory.ts'
import type { DataDirectory } from '../embedded/data-directory.ts'
import { createEnvironment, Environment } from '../embedded/environment.ts'
import type { Write } from '../embedded/environment.ts'
import { Journal } from '../embedded/journal.ts'
import type { JournalRecord } from '../embedded/journal-record.ts'
import type { State } from '../embedded/layers.ts'
import { StoredLog } from '../embedded/stored-log.ts'
import type { MaybePromise } from '../../base/maybe-promise.ts'
import type {
  Committed,
  EngineKind,
  EngineOptions,
  KeyValue,
  Log,
  OpenedEngine,
  Position,
  Range,
  ScanLimits,
  Snapshot,
  Space,
  WriteTransaction,
} from '../engine.ts'
import { Writer } from '../writer.ts'
import type { Group, Store } from '../writer.ts'

export const engine: EngineKind = { name: 'embedded', open: openEmbedded }

async function openEmbedded(options: EngineOptions): Promise<OpenedEngine> {
  const path = must(options.path, 'the folder of the embedded engine')
  const newDeploymentId = () => options.newDeploymentId()
  const directory = await openDataDirectory(path, { newDeploymentId, createEnvironment })
  let environment: Environment | undefined
  let journal: Journal | undefined
  try {
    environment = new Environment(directory.environmentPath)
    journal = new Journal(directory.journalPath, environment.journalNumber)
    return new EmbeddedEngine({ directory, environment, journal, options })
  } catch (error) {
    journal?.close()
    await environment?.close()
    directory.release()
    if (error instanceof StorageFailed) throw error
    throw new StorageFailed(`the data under ${path} cannot be opened: ${String(error)}`, { cause: error })
  }
}

interface Parts {
  readonly directory: DataDirectory
  readonly environment: Environment
  readonly journal: Journal
  readonly options: EngineOptions
}

class EmbeddedEngine implements OpenedEngine {
  readonly log: Log
  readonly deploymentId: Uint8Array
  readonly #directory: DataDirectory
  readonly #environment: Environment
  readonly #journal: Journal
  readonly #checkpoints: Checkpoints
  readonly #stored: StoredLog
  readonly #listeners: AppendListeners
  readonly #writer: Writer
  #closed: Promise<void> | undefined
  #isGone = false

  constructor({ directory, environment, journal, options }: Parts) {
    this.deploymentId = directory.deploymentId
    this.#directory = directory
    this.#environment = environment
    this.#journal = journal
    this.#stored = new StoredLog(environment)
    const onStored = ({ newest }: JournaledGroup) => newest && this.#stored.stored(newest)
    this.#checkpoints = new Checkpoints({ environment, journal, onStored })
    for (const record of journal.takeFound()) this.#restore(record)
    this.#listeners = new AppendListeners(error => options.report?.(error))
    const checkpoints = this.#checkpoints
    const store: Store = {
      get catalogVersion() {
        return checkpoints.state.catalogVersion
      },
      get: (space, key) => this.#checkpoints.state.get(space, key),
      scan: (space, range, limits) => this.#checkpoints.state.scan(space, range, limits),
      commit: group => this.#commit(group),
    }
    this.#writer = new Writer(store, {
      lastTime: this.#stored.newest.time,
      nextTime: previous => options.nextTime(previous),
      turnEnd: () => systemEnv.yieldTurn(),
    })
    this.log = this.#openLog()
  }

  snapshot(): Snapshot {
    if (this.#closed !== undefined) throw new StorageFailed('the storage engine is closed')
    return new EmbeddedSnapshot(this.#checkpoints.state, this.#stored.newest)
  }

  write<T>(body: (transaction: WriteTransaction) => MaybePromise<T>): Promise<Committed<T>> {
    return this.#writer.write(body)
  }

  close(): Promise<void> {
    this.#closed ??= this.#letGo()
    return this.#closed
  }

  async #letGo(): Promise<void> {
    await this.#writer.close()
    // What cannot be stored now is in the journal for whoever opens the data next.
    await this.#checkpoints.all().catch(() => undefined)
    this.#isGone = true
    this.#journal.close()
    await this.#environment.close()
    this.#directory.release()
  }

  /** Takes up a group that was committed and that LMDB does not hold. */
  #restore({ number, writes, at, end }: JournalRecord): void {
    const changes = new Changes()
    const logWrites: Write[] = []
    for (const write of writes) {
      if (isOfSpace(write)) changes.add(write.table, write)
      else logWrites.push(write)
    }
    const step = this.#stored.stepOf(logWrites)
    this.#checkpoints.add({ number, changes, logWrites, newest: step.newest?.position, bytes: end - at })
    this.#stored.took(step)
  }

  async #commit(group: Group): Promise<void> {
    const isJournaled = group.dropBefore === undefined && this.#checkpoints.hasRoomFor(group.bytes)
    try {
      this.#checkpoints.requireWorking()
      await (isJournaled ? this.#journalGroup(group) : this.#storeGroup(group))
    } catch (cause) {
      throw this.#explain(cause, group)
    }
    if (group.commits.length > 0) this.#listeners.callAll()
  }

  // In both, what readers see and what the log tells change in one turn, so that they always tell of the same state.

  async #journalGroup(group: Group): Promise<void> {
    const step = this.#stored.plan(group)
    const number = await this.#journal.append(writesOf(group, step.writes))
    const newest = step.parts.at(-1)?.last
    this.#checkpoints.add({ number, changes: group.changes, logWrites: step.writes, newest, bytes: group.bytes })
    this.#stored.took(step)
  }

  /** Commits a group to LMDB, behind all that the journal holds. */
  async #storeGroup(group: Group): Promise<void> {
    await this.#checkpoints.all()
    const step = this.#stored.plan(group)
    await this.#environment.commit(writesOf(group, step.writes), this.#journal.number)
    this.#checkpoints.passed(group.changes)
    this.#stored.took(step)
    this.#stored.stored(this.#stored.newest)
  }

  /** LMDB says of a full disk that there was an error of input or output. */
  #explain(cause: unknown, { bytes }: Group): unknown {
    if (cause instanceof StorageFailed) return cause
    const path = this.#directory.environmentPath
    const { bavail, bsize } = statfsSync(path)
    if (bavail * bsize > spareBytesMin + 2 * bytes) return cause
    return new StorageFailed(`there is no space left on the disk of ${path}`, { cause, isDiskFull: true })
  }

  #openLog(): Log {
    const stored = this.#stored
    const requireThere = () => {
      if (this.#isGone) throw new StorageFailed('the storage engine is closed')
    }
    return {
      get oldest() {
        return stored.oldest
      },
      get newest() {
        return stored.newest
      },
      get bytes() {
        return stored.bytes
      },
      readAfter(position, { bytesMax }) {
        requireThere()
        return stored.readAfter(position, bytesMax)
      },
      readBefore(position, { bytesMax }) {
        requireThere()
        return stored.readBefore(position, bytesMax)
      },
      countAfter: position => stored.countAfter(position),
      get(position) {
        requireThere()
        return stored.get(position)
      },
      onAppend: listener => this.#listeners.add(listener),
      truncateBefore: time => this.#truncateBefore(time),
    }
  }

  /** Each step takes its turn among the writes, and goes into their groups. */
  async #truncateBefore(time: bigint): Promise<void> {
    for (;;) {
      const { result } = await this.#writer.write(transaction => {
        const staying = this.#stored.truncationStep(time, logTruncateCountMax)
        if (staying !== undefined) transaction.dropLogBefore(staying)
        return staying
      })
      if (result === undefined) return
    }
  }
}

/** Less than this is no space: LMDB writes whole pages, and a commit of one small record writes some ten of them. */
const spareBytesMin = 256 * 1024

const isOfSpace = (write: Write): write is Write & { readonly table: Space } => write.table !== 'log'

function* writesOf({ changes }: Group, ofLog: readonly Write[]): Generator<Write> {
  for (const [table, { key, value }] of changes) yield { table, key, value }
  yield* ofLog
}

class EmbeddedSnapshot implements Snapshot {
  readonly position: Position
  /** Undefined when it is closed. */
  #durable: State | undefined

  constructor(durable: State, position: Position) {
    durable.view.retain()
    this.#durable = durable
    this.position = position
  }

  get catalogVersion(): number {
    return this.#open().catalogVersion
  }

  get(space: Space, key: Uint8Array): Uint8Array | undefined {
    return this.#open().get(space, key)
  }

  getMany(space: Space, keys: readonly Uint8Array[]): (Uint8Array | undefined)[] {
    const durable = this.#open()
    return keys.map(key => durable.get(space, key))
  }

  scan(space: Space, range: Range, limits: ScanLimits): KeyValue[] {
    return this.#open().scan(space, range, limits)
  }

  close(): void {
    this.#durable?.view.release()
    this.#durable = undefined
  }

  #open(): State {
    assert(this.#durable !== undefined, 'a snapshot is not read after it was closed')
    // Layers would answer for longer.
    this.#durable.view.requireOpen()
    return this.#durable
  }
}
