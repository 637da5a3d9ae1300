/**
 * One multi-document transaction: an overlay over the store, which commands work on one after another.
 *
 *   open ── commit ──▶ committing ──▶ committed
 *    │                     │
 *    └──── abort ──────────┴──▶ aborted          whoever works in it then finds out at the next read or write
 *
 * It is aborted by a command in it that fails, by abortTransaction, by the session's next number, by the session's end, and when its
 * time is over. Once it is committing only the commit itself decides.
 */
import type { Timer } from '../base/env.ts'
import { CommandError } from '../base/errors.ts'
import { transactionLifetimeSecondsMax } from '../base/limits.ts'
import type { Namespace } from '../collection/namespace.ts'
import { putRetryRecords } from '../collection/retry.ts'
import type { Store } from '../collection/store.ts'
import { decodeEntry, EntryEncoder, type TransactionId } from '../oplog/entry.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import type { EndReason } from '../storage/held-snapshot.ts'
import type { Overlay } from '../storage/overlay.ts'

type State =
  | { readonly kind: 'open'; readonly overlay: Overlay; readonly store: Store; readonly timer: Timer }
  | { readonly kind: 'committing' | 'committed' | 'aborted' }

/** What a running command may do with its transaction. */
export interface TransactionHandle {
  readonly txnNumber: bigint
  /** Called when the transaction is over, however it ended; at once when it is. */
  onEnd(callback: () => void): void
  /** Whether nobody else can have a document there: the collection is the transaction's own, or is not there at all. */
  isOwn(namespace: Namespace): Promise<boolean>
}

export interface TransactionOptions {
  readonly id: TransactionId
  readonly base: Store
  readonly overlay: Overlay
  /** Called once when it is over. */
  readonly onEnd: () => void
}

export class SessionTransaction implements TransactionHandle {
  readonly id: TransactionId
  readonly startedWallMs: number
  /** On the monotonic clock. */
  readonly startedMs: number
  readonly #base: Store
  #state: State
  readonly #atEnd: (() => void)[]
  /** Resolves when the commands that came before are over. */
  #turn: Promise<void> = Promise.resolve()

  constructor({ id, base, overlay, onEnd }: TransactionOptions) {
    this.id = id
    this.#base = base
    this.startedWallMs = base.env.wallMs()
    this.startedMs = base.env.monotonicMs()
    this.#atEnd = [onEnd]
    const timer = base.env.after(transactionLifetimeSecondsMax * 1000, () => this.abort(() => tooOld(this.id)))
    this.#state = { kind: 'open', overlay, store: { ...base, engine: overlay, isTransaction: true }, timer }
  }

  get txnNumber(): bigint {
    return this.id.txnNumber
  }

  get isOpen(): boolean {
    return this.#state.kind === 'open'
  }

  get isCommitted(): boolean {
    return this.#state.kind === 'committed'
  }

  onEnd(callback: () => void): void {
    const { kind } = this.#state
    if (kind === 'open' || kind === 'committing') this.#atEnd.push(callback)
    else callback()
  }

  async isOwn(namespace: Namespace): Promise<boolean> {
    const before = this.#requireOpen().overlay.beneath()
    try {
      return (await this.#base.catalog.find(before, namespace)) === undefined
    } finally {
      before.close()
    }
  }

  /**
   * Runs one command on what the transaction sees, when those before it are over. If it throws the transaction is aborted.
   *
   * @throws CommandError NoSuchTransaction, TransactionCommitted when the transaction is over, and what `body` throws.
   */
  async run<T>(body: (store: Store) => T | Promise<T>): Promise<T> {
    const leave = await this.#enter()
    try {
      const { store } = this.#requireOpen()
      return await body(store)
    } catch (error) {
      this.abort()
      throw error
    } finally {
      leave()
    }
  }

  async #enter(): Promise<() => void> {
    const before = this.#turn
    let leave = (): void => undefined
    this.#turn = new Promise(resolve => (leave = resolve))
    await before
    return leave
  }

  #requireOpen(): State & { kind: 'open' } {
    switch (this.#state.kind) {
      case 'open':
        return this.#state
      case 'aborted':
        throw aborted(this.id)
      case 'committing':
      case 'committed':
        throw committed(this.id)
    }
  }

  /**
   * Makes all of it durable at once, or says why nothing was. Asked again it gives the same answer.
   *
   * @throws CommandError WriteConflict, after which it is aborted; NoSuchTransaction when it was aborted before.
   * @throws StorageFailed after which nobody knows: it is as good as aborted, and no write will ever follow it.
   */
  async commit(): Promise<void> {
    const leave = await this.#enter()
    try {
      if (this.#state.kind === 'committed') return
      const { overlay, timer } = this.#requireOpen()
      timer.cancel()
      this.#state = { kind: 'committing' }
      await this.#commit(overlay)
    } finally {
      leave()
    }
  }

  async #commit(overlay: Overlay): Promise<void> {
    try {
      if (overlay.hasChanges) await overlay.commit((transaction, entries) => this.#conclude(transaction, entries))
      this.#finish('committed', overlay, () => committed(this.id))
    } catch (error) {
      this.#finish('aborted', overlay, () => aborted(this.id))
      throw error
    }
  }

  /** The entries get what they could not know before: whose they are, and when they happened. */
  async #conclude(transaction: WriteTransaction, bytes: readonly Uint8Array[]): Promise<void> {
    const wallMs = this.#base.env.wallMs()
    const entries = bytes.map(entry => ({ ...decodeEntry(entry), wallMs, transaction: this.id }))
    const encoder = new EntryEncoder()
    for (const entry of entries) transaction.append(encoder.encode(entry))
    await putRetryRecords(transaction, entries)
  }

  /** Undoes all of it; harmless when it is over. A command that works in it gets the reason, the next ones NoSuchTransaction. */
  abort(reason: EndReason = () => aborted(this.id)): void {
    if (this.#state.kind !== 'open') return
    const { overlay, timer } = this.#state
    timer.cancel()
    this.#finish('aborted', overlay, reason)
  }

  #finish(kind: 'committed' | 'aborted', overlay: Overlay, reason: EndReason): void {
    this.#state = { kind }
    overlay.end(reason)
    for (const callback of this.#atEnd.splice(0)) callback()
  }
}

export const aborted = ({ txnNumber }: TransactionId): CommandError =>
  new CommandError('NoSuchTransaction', `Transaction with { txnNumber: ${txnNumber} } has been aborted.`)

export const committed = ({ txnNumber }: TransactionId): CommandError =>
  new CommandError('TransactionCommitted', `Transaction with { txnNumber: ${txnNumber} } has been committed.`)

const tooOld = ({ txnNumber }: TransactionId): CommandError =>
  new CommandError(
    'TransactionExceededLifetimeLimitSeconds',
    `Transaction with { txnNumber: ${txnNumber} } was aborted: it was open for ${transactionLifetimeSecondsMax} seconds`,
  )
