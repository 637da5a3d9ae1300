/**
 * The transactions of a process: the latest of each session, open or over, as long as the session lives. That one was committed is
 * also in the session's record (collection/retry.ts), written by the commit itself; so a repeated commit is answered after a
 * restart too.
 */
import { CommandError } from '../base/errors.ts'
import { openTransactionBytesMax, openTransactionCountMax, openTransactionsBytesMax } from '../base/limits.ts'
import { lastNumberOf, notAutocommitted, type RetryableWrite } from '../collection/retry.ts'
import { type Store, withSnapshot } from '../collection/store.ts'
import type { TransactionId } from '../oplog/entry.ts'
import { Claims } from '../storage/claims.ts'
import { HeldSnapshot } from '../storage/held-snapshot.ts'
import { Overlay } from '../storage/overlay.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { sessionKeyOf } from './sessions.ts'
import { committed, SessionTransaction } from './transaction.ts'

export interface TransactionLimits {
  readonly countMax: number
  /** Of one. */
  readonly bytesMax: number
  /** Of all that are open. */
  readonly allBytesMax: number
}

const limitsDefault: TransactionLimits = {
  countMax: openTransactionCountMax,
  bytesMax: openTransactionBytesMax,
  allBytesMax: openTransactionsBytesMax,
}

export class Transactions {
  readonly #store: Store
  readonly #limits: TransactionLimits
  readonly #claims = new Claims()
  readonly #bySession = new Map<string, SessionTransaction>()
  #openCount = 0
  #bytes = 0

  constructor(store: Store, limits: Partial<TransactionLimits> = {}) {
    this.#store = store
    this.#limits = { ...limitsDefault, ...limits }
  }

  /** Those that are open or committing. */
  get openCount(): number {
    return this.#openCount
  }

  /** Those that are open. */
  *open(): Iterable<SessionTransaction> {
    for (const transaction of this.#bySession.values()) if (transaction.isOpen) yield transaction
  }

  /**
   * Begins a transaction and aborts the session's one before it. It sees the state of `held`, which it takes over, or the
   * newest durable one.
   *
   * @throws CommandError TransactionTooOld, ConflictingOperationInProgress for a number that was used; ResourceExhausted when too
   *   many are open.
   */
  async begin(id: TransactionId, given?: HeldSnapshot): Promise<SessionTransaction> {
    const held = given ?? new HeldSnapshot(await this.#store.engine.snapshot())
    try {
      const reader = held.share()
      const last = await lastNumberOf(reader, id.lsid)
      reader.close()
      requireNewer(id, last)
      return this.#open(id, held)
    } catch (error) {
      held.end(() => new CommandError('NoSuchTransaction', 'the transaction was never begun'))
      throw error
    }
  }

  /** Nothing is waited for, so that nobody can begin another one meanwhile. */
  #open(given: TransactionId, held: HeldSnapshot): SessionTransaction {
    // The session's id lies in the bytes of a message.
    const id = { lsid: Uint8Array.from(given.lsid), txnNumber: given.txnNumber }
    const key = sessionKeyOf(id.lsid)
    const before = this.#bySession.get(key)
    requireNewer(id, before)
    before?.abort()
    if (this.#openCount >= this.#limits.countMax) {
      throw new CommandError('ResourceExhausted', `${this.#limits.countMax} transactions are open already`)
    }
    let bytes = 0
    const onGrowth = (more: number) => {
      bytes += more
      this.#bytes += more
      this.#requireRoom(bytes)
    }
    const onEnd = () => {
      this.#openCount--
      this.#bytes -= bytes
    }
    const overlay = new Overlay(this.#store.engine, { held, claims: this.#claims, onGrowth })
    const transaction = new SessionTransaction({ id, base: this.#store, overlay, onEnd })
    this.#openCount++
    this.#bySession.set(key, transaction)
    return transaction
  }

  #requireRoom(bytes: number): void {
    const { bytesMax, allBytesMax } = this.#limits
    if (bytes > bytesMax) {
      throw new CommandError('TransactionTooLarge', `a transaction may hold at most ${bytesMax} bytes of changes`)
    }
    if (this.#bytes > allBytesMax) {
      // As MongoDB does when its cache is full of what is not committed: it may go better the next time.
      throw new CommandError('WriteConflict', `all open transactions together hold more than ${allBytesMax} bytes`)
    }
  }

  /**
   * The transaction that a later command names; it may be over. Nothing is waited for when it is there, so that commands that
   * come at once keep their order.
   *
   * @throws CommandError TransactionTooOld; TransactionCommitted; NoSuchTransaction for one that nobody began.
   */
  find(id: TransactionId): MaybePromise<SessionTransaction> {
    return this.#known(id) ?? this.#refuse(id)
  }

  async #refuse(id: TransactionId): Promise<never> {
    const last = await this.#lastOf(id)
    if (last !== undefined && last.txnNumber > id.txnNumber) throw numberTooOld(id, last)
    if (last?.txnNumber === id.txnNumber && last.isTransaction) throw committed(id)
    throw new CommandError(
      'NoSuchTransaction',
      `Given transaction number ${id.txnNumber} does not match any in-progress transactions.`,
    )
  }

  /** Of those in memory. @throws CommandError TransactionTooOld. */
  #known(id: TransactionId): SessionTransaction | undefined {
    const known = this.#bySession.get(sessionKeyOf(id.lsid))
    if (known === undefined || known.txnNumber < id.txnNumber) return undefined
    if (known.txnNumber > id.txnNumber) throw numberTooOld(id, known)
    return known
  }

  /** Commits; says so again when it was committed before. @throws as SessionTransaction.commit and `find`. */
  async commit(id: TransactionId): Promise<void> {
    const known = this.#known(id)
    if (known !== undefined) return known.commit()
    const last = await this.#lastOf(id)
    if (last?.txnNumber === id.txnNumber && last.isTransaction) return
    await this.#refuse(id)
  }

  /** @throws CommandError NoSuchTransaction, TransactionCommitted when there is nothing to abort. */
  async abort(id: TransactionId): Promise<void> {
    const transaction = await this.find(id)
    await transaction.run(() => transaction.abort())
  }

  /**
   * The session goes on with a retryable write: a transaction before it is aborted.
   *
   * @throws CommandError InvalidOptions for a number that is a transaction's; TransactionTooOld.
   */
  goOnWith(write: RetryableWrite): void {
    if (this.#bySession.size === 0) return
    const key = sessionKeyOf(write.lsid)
    const before = this.#bySession.get(key)
    if (before === undefined) return
    if (before.txnNumber === write.txnNumber) throw notAutocommitted()
    if (before.txnNumber > write.txnNumber) throw numberTooOld(write, before)
    before.abort()
    this.#bySession.delete(key)
  }

  /** The session is over. */
  endSession(sessionKey: string): void {
    this.#bySession.get(sessionKey)?.abort()
    this.#bySession.delete(sessionKey)
  }

  /** Aborts all. */
  close(): void {
    for (const key of [...this.#bySession.keys()]) this.endSession(key)
  }

  async #lastOf({ lsid }: TransactionId): ReturnType<typeof lastNumberOf> {
    return withSnapshot(this.#store, snapshot => lastNumberOf(snapshot, lsid))
  }
}

interface Numbered {
  readonly txnNumber: bigint
}

function requireNewer(id: TransactionId, last: Numbered | undefined): void {
  if (last === undefined || id.txnNumber > last.txnNumber) return
  if (id.txnNumber < last.txnNumber) throw numberTooOld(id, last)
  throw new CommandError(
    'ConflictingOperationInProgress',
    `a transaction cannot begin with the number ${id.txnNumber}: the session has used it already`,
  )
}

const numberTooOld = ({ lsid, txnNumber }: TransactionId, last: Numbered): CommandError =>
  new CommandError(
    'TransactionTooOld',
    `txnNumber ${txnNumber} on session ${Buffer.from(lsid).toString('hex')} is too old: ${last.txnNumber} has already started there.`,
  )
