/**
 * What was done for retryable writes, so that a repeated statement is answered and not done again; and that a transaction was
 * committed, so that a repeated commit is.
 *
 *   space session   key  lsid (16 bytes)    value  BSON { txnNumber, wall, statements: [{ first, count, op, [retried] }] }
 *                                                       { txnNumber, wall, statements: [], committed: true }
 *
 * Only the latest txnNumber of a session is remembered: a driver repeats nothing older. Like everything durable, the
 * record follows from oplog entries; statements next to each other that were answered alike share a row.
 */
import { CommandError } from '../base/errors.ts'
import { sameBytes } from '../bson/bytes.ts'
import { encodeDocument } from '../bson/encode.ts'
import { getField, itemsOf } from '../bson/reader.ts'
import { documentBytes, toDateMs, toInt32, toInt64, toText } from '../bson/value.ts'
import { must } from '../base/assert.ts'
import type { OplogEntry, OplogOperation, TransactionId } from '../oplog/entry.ts'
import type { Reader, WriteTransaction } from '../storage/engine.ts'

/** The retryable write that a command belongs to. */
export type RetryableWrite = TransactionId

interface Statements {
  readonly first: number
  count: number
  readonly op: OplogOperation
  readonly retried: Uint8Array | undefined
}

interface RetryRecord {
  readonly txnNumber: bigint
  readonly wallMs: number
  readonly statements: readonly Statements[]
  /** Whether the number is that of a multi-document transaction, which was committed. */
  readonly isTransaction: boolean
}

/** What a statement did when it was first run. */
export interface EarlierStatement {
  readonly op: OplogOperation
  /** What the entry kept for the answer: an upserted _id, a document of findAndModify. */
  readonly retried: Uint8Array | undefined
}

/**
 * Answers for each statement number what it did earlier, undefined when it was not run.
 *
 * @throws CommandError TransactionTooOld when the session has gone on to a higher number.
 */
export async function findEarlier(
  reader: Reader,
  retryable: RetryableWrite | undefined,
): Promise<(stmtId: number) => EarlierStatement | undefined> {
  const record = retryable && (await readRecord(reader, retryable.lsid))
  if (retryable === undefined || record === undefined || record.txnNumber < retryable.txnNumber) return () => undefined
  if (record.txnNumber > retryable.txnNumber) {
    throw new CommandError(
      'TransactionTooOld',
      `Retryable write with txnNumber ${retryable.txnNumber} is prohibited on session ` +
        `${Buffer.from(retryable.lsid).toString('hex')} because a newer retryable write with txnNumber ` +
        `${record.txnNumber} has already started on this session.`,
    )
  }
  if (record.isTransaction) throw notAutocommitted()
  return stmtId => record.statements.find(({ first, count }) => stmtId >= first && stmtId < first + count)
}

/** The error for a number of a transaction that comes without `autocommit`. */
export const notAutocommitted = (): CommandError =>
  new CommandError(
    'InvalidOptions',
    'this txnNumber is that of a multi-document transaction, which needs autocommit=false',
  )

/** The number that the session has used last for something that was committed, and whether that was a transaction. */
export async function lastNumberOf(
  reader: Reader,
  lsid: Uint8Array,
): Promise<{ readonly txnNumber: bigint; readonly isTransaction: boolean } | undefined> {
  return readRecord(reader, lsid)
}

/** Statements of one number of a session that lie next to each other and were answered alike; or a piece of its transaction. */
interface Run {
  readonly id: TransactionId
  wallMs: number
  /** Undefined for a transaction. */
  readonly statements: Statements | undefined
}

/** What the entries of one commit tell of the sessions' statements and transactions, gathered entry by entry. */
export class RetryRecords {
  readonly #runs: Run[] = []

  add({ op, retried, statement, transaction, wallMs }: OplogEntry): void {
    const id = statement ?? transaction
    if (id === undefined) return
    const statements = statement && { first: statement.stmtId, count: 1, op, retried }
    const last = this.#runs.at(-1)
    if (last !== undefined && isSameNumber(last.id, id) && goesOn(last.statements, statements)) last.wallMs = wallMs
    else this.#runs.push({ id, wallMs, statements })
  }

  /** Remembers them, behind the last entry. */
  async put(transaction: WriteTransaction): Promise<void> {
    for (const [lsid, own] of bySession(this.#runs)) {
      const before = await readRecord(transaction, lsid)
      transaction.put('session', lsid, encodeRecord(withRuns(before, own)))
    }
  }
}

/** Remembers the statements, and the transaction, of the entries of one commit. */
export async function putRetryRecords(transaction: WriteTransaction, entries: readonly OplogEntry[]): Promise<void> {
  const records = new RetryRecords()
  for (const entry of entries) records.add(entry)
  await records.put(transaction)
}

const isSameSession = (a: Uint8Array, b: Uint8Array): boolean => a === b || sameBytes(a, b)

const isSameNumber = (a: TransactionId, b: TransactionId): boolean =>
  a.txnNumber === b.txnNumber && isSameSession(a.lsid, b.lsid)

/** Makes `last` hold `next` too; false when they are not of a kind, do not lie next to each other, or are answered differently. */
function goesOn(last: Statements | undefined, next: Statements | undefined): boolean {
  if (last === undefined || next === undefined) return last === next
  if (last.op !== next.op || last.first + last.count !== next.first) return false
  if (last.retried !== undefined || next.retried !== undefined) return false
  last.count += next.count
  return true
}

/** One command has one session, so there is hardly ever a second. */
function bySession(runs: readonly Run[]): [lsid: Uint8Array, own: Run[]][] {
  const groups: [Uint8Array, Run[]][] = []
  for (const run of runs) {
    const group = groups.find(([lsid]) => isSameSession(lsid, run.id.lsid))
    if (group === undefined) groups.push([run.id.lsid, [run]])
    else group[1].push(run)
  }
  return groups
}

function withRuns(before: RetryRecord | undefined, runs: readonly Run[]): RetryRecord {
  let txnNumber = before?.txnNumber ?? 0n
  let wallMs = before?.wallMs ?? 0
  let isTransaction = before?.isTransaction ?? false
  let rows = (before?.statements ?? []).map(each => ({ ...each }))
  for (const { id, statements, ...run } of runs) {
    if (id.txnNumber > txnNumber) {
      txnNumber = id.txnNumber
      rows = []
      isTransaction = false
    }
    wallMs = run.wallMs
    if (statements === undefined) isTransaction ||= id.txnNumber === txnNumber
    else if (!goesOn(rows.at(-1), statements)) rows.push({ ...statements })
  }
  return { txnNumber, wallMs, statements: rows, isTransaction }
}

async function readRecord(reader: Reader, lsid: Uint8Array): Promise<RetryRecord | undefined> {
  const bytes = await reader.get('session', lsid)
  return bytes === undefined ? undefined : decodeRecord(bytes)
}

function encodeRecord({ txnNumber, wallMs, statements, isTransaction }: RetryRecord): Uint8Array {
  return encodeDocument({
    txnNumber,
    wall: new Date(wallMs),
    statements: statements.map(({ first, count, op, retried }) => ({ first, count, op, retried })),
    committed: isTransaction ? true : undefined,
  })
}

function decodeRecord(bytes: Uint8Array): RetryRecord {
  const field = (document: Uint8Array, name: string) => must(getField(document, name), `${name} of a retry record`)
  return {
    txnNumber: toInt64(field(bytes, 'txnNumber')),
    wallMs: toDateMs(field(bytes, 'wall')),
    statements: itemsOf(field(bytes, 'statements')).map(value => {
      const row = documentBytes(value)
      const retried = getField(row, 'retried')
      return {
        first: toInt32(field(row, 'first')),
        count: toInt32(field(row, 'count')),
        op: toText(field(row, 'op')) as OplogOperation,
        retried: retried && documentBytes(retried),
      }
    }),
    isTransaction: getField(bytes, 'committed') !== undefined,
  }
}

/** When the session wrote last, in milliseconds since 1970: what expiry goes by. */
export const retryRecordWallMs = (bytes: Uint8Array): number => decodeRecord(bytes).wallMs
