/** Open cursors by their id: opening, pinning, killing, and closing those that nobody asks for any more. */
import type { Env, Timer } from '../base/env.ts'
import { CommandError } from '../base/errors.ts'
import { cursorCountMax, cursorIdleMsMax } from '../base/limits.ts'
import { readInt64 } from '../bson/bytes.ts'
import { close, cursorNotFound, pin, unpin, type CloseReason, type CursorState } from './cursor.ts'
import type { CursorSource } from './source.ts'

/** What a getMore must have in common with the command that opened the cursor. */
export interface CursorOwner {
  /**
   * A character for each byte of the id of the session that owns it; undefined for none. Such a cursor lives as long as its
   * session.
   */
  readonly sessionKey: string | undefined
  /** The parameters of the versioned API, as text. */
  readonly apiParameters: string
}

/** A getMore that wants the cursor. */
export interface CursorUser extends CursorOwner {
  readonly operationId: number
}

/** What a cursor keeps from the command that opened it. */
export interface CursorSpec extends CursorOwner {
  readonly source: CursorSource
  /** `db.coll` as replies give it and getMore must repeat it. */
  readonly namespace: string
  /** The number of the transaction that it was opened in; undefined for none. */
  readonly txnNumber: bigint | undefined
  /** Whether it was opened by a pipeline that begins with $changeStream: its errors may be resumable. */
  readonly isChangeStream: boolean
  readonly origin: CursorOrigin
  /** Documents in the first batch. */
  readonly firstCount: number
}

/** Who opened a cursor, and how; for reports. */
export interface CursorOrigin {
  /** In bytes of its own: it may lie in a far larger message. */
  readonly command: Uint8Array
  readonly connectionId: number
  readonly client: string
  readonly appName: string | undefined
}

/** What was got out of a cursor so far. */
export interface CursorUse {
  documentCount: number
  batchCount: number
  lastUsedWallMs: number
}

export interface Cursor extends CursorSpec {
  readonly id: bigint
  /** Fires when the cursor is closed, so that a getMore that waits on it ends. */
  readonly signal: AbortSignal
  readonly createdWallMs: number
  readonly use: Readonly<CursorUse>
  readonly state: CursorState
}

interface Entry extends Cursor {
  state: CursorState
  readonly use: CursorUse
  readonly abort: AbortController
}

export class CursorRegistry {
  readonly #env: Env
  readonly #entries = new Map<bigint, Entry>()
  #sweep: Timer | undefined
  /** Since the start: cursors that were kept open, closed because nobody asked for them, and closed behind several batches. */
  readonly counts = { opened: 0, timedOut: 0, severalBatches: 0 }

  constructor(env: Env) {
    this.#env = env
  }

  /** Open cursors, the pinned ones included. */
  get count(): number {
    return this.#entries.size
  }

  /** All that are open. */
  all(): IterableIterator<Cursor> {
    return this.#entries.values()
  }

  /** Takes over `spec.source` and gives it an id. @throws CommandError ResourceExhausted at `cursorCountMax`. */
  open(spec: CursorSpec): Cursor {
    if (this.#entries.size >= cursorCountMax) {
      spec.source.close()
      throw new CommandError('ResourceExhausted', `cannot open a cursor: ${cursorCountMax} are open already`)
    }
    const abort = new AbortController()
    const state: CursorState = { kind: 'idle', sinceMs: this.#env.monotonicMs() }
    const createdWallMs = this.#env.wallMs()
    const use = { documentCount: spec.firstCount, batchCount: 1, lastUsedWallMs: createdWallMs }
    const entry: Entry = { ...spec, id: this.#newId(), signal: abort.signal, createdWallMs, use, state, abort }
    this.#entries.set(entry.id, entry)
    this.counts.opened++
    this.#sweep ??= this.#env.after(cursorIdleMsMax / 2, () => this.#closeIdle())
    return entry
  }

  /** A number nobody can guess, positive, that no open cursor has. */
  #newId(): bigint {
    for (;;) {
      const id = BigInt.asUintN(63, readInt64(this.#env.randomBytes(8), 0))
      if (id !== 0n && !this.#entries.has(id)) return id
    }
  }

  /**
   * Takes the cursor for one getMore. A getMore that may not have it leaves it as it is.
   *
   * @throws CommandError CursorNotFound, CursorInUse; Location50736 to Location50738 when it belongs to another session,
   *   Unauthorized when to another namespace, APIMismatchError when it was opened with other parameters of the API.
   */
  pin(id: bigint, namespace: string, by: CursorUser): Cursor {
    const entry = this.#entries.get(id)
    if (entry === undefined) throw cursorNotFound(id)
    requireSession(entry, by)
    if (entry.namespace !== namespace) {
      throw new CommandError(
        'Unauthorized',
        `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${entry.namespace}`,
      )
    }
    if (entry.apiParameters !== by.apiParameters) {
      throw new CommandError(
        'APIMismatchError',
        `API parameter mismatch: getMore used params ${by.apiParameters}, the cursor-creating command used ` +
          entry.apiParameters,
      )
    }
    entry.state = pin(id, entry.state, by.operationId)
    entry.use.lastUsedWallMs = this.#env.wallMs()
    return entry
  }

  /** The getMore is over: the cursor is idle again, or was closed meanwhile. `count` are the documents of its batch, if it had one. */
  unpin(id: bigint, count?: number): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    entry.state = unpin(entry.state, this.#env.monotonicMs())
    const { use } = entry
    use.lastUsedWallMs = this.#env.wallMs()
    if (count === undefined) return
    use.documentCount += count
    use.batchCount++
  }

  /** Closes a cursor, pinned or not; false when there is none. */
  close(id: bigint, reason: CloseReason): boolean {
    const entry = this.#entries.get(id)
    if (entry === undefined) return false
    entry.state = close(entry.state, reason)
    this.#entries.delete(id)
    if (reason === 'idle-too-long') this.counts.timedOut++
    // The batch with which it is exhausted is not told here any more.
    if (entry.use.batchCount > 1 || reason === 'exhausted') this.counts.severalBatches++
    entry.abort.abort()
    entry.source.close()
    return true
  }

  /** For killCursors, which names a namespace too: false when there is no such cursor there. */
  kill(id: bigint, namespace: string): boolean {
    return this.#entries.get(id)?.namespace === namespace && this.close(id, 'killed')
  }

  /** Closes the cursors of a session that ended. */
  closeSession(sessionKey: string): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.sessionKey === sessionKey) this.close(entry.id, 'killed')
    }
  }

  /** Closes all. */
  closeAll(): void {
    this.#sweep?.cancel()
    this.#sweep = undefined
    for (const id of [...this.#entries.keys()]) this.close(id, 'killed')
  }

  #closeIdle(): void {
    this.#sweep = undefined
    const before = this.#env.monotonicMs() - cursorIdleMsMax
    for (const { id, state, sessionKey } of [...this.#entries.values()]) {
      if (sessionKey === undefined && state.kind === 'idle' && state.sinceMs < before) this.close(id, 'idle-too-long')
    }
    if (this.#entries.size > 0) this.#sweep = this.#env.after(cursorIdleMsMax / 2, () => this.#closeIdle())
  }
}

function requireSession({ id, sessionKey: owner }: Cursor, { sessionKey: asking }: CursorOwner): void {
  if (asking === owner) return
  const opened = `Cannot run getMore on cursor ${id}, which was `
  if (owner === undefined) {
    throw new CommandError('Location50736', `${opened}not created in a session, in session ${show(asking)}`)
  }
  if (asking === undefined) {
    throw new CommandError('Location50737', `${opened}created in session ${show(owner)}, without an lsid`)
  }
  throw new CommandError('Location50738', `${opened}created in session ${show(owner)}, in session ${show(asking)}`)
}

/** The id as hex. */
const show = (sessionKey = ''): string => Buffer.from(sessionKey, 'latin1').toString('hex')
