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

/** Remembers the statements, and the transaction, of the entries of one commit. */
export async function putRetryRecords(transaction: WriteTransaction, entries: readonly OplogEntry[]): Promise<void> {
  for (const [lsid, own] of bySession(entries)) {
    const before = await readRecord(transaction, lsid)
    transaction.put('session', lsid, encodeRecord(withStatements(before, own)))
  }
}

/** The entries that belong to a session, by session. One command has one session, so there is hardly ever a second. */
function bySession(entries: readonly OplogEntry[]): [lsid: Uint8Array, own: OplogEntry[]][] {
  const groups: [Uint8Array, OplogEntry[]][] = []
  for (const entry of entries) {
    const id = entry.statement ?? entry.transaction
    if (id === undefined) continue
    const group = groups.find(([lsid]) => lsid === id.lsid || sameBytes(lsid, id.lsid))
    if (group === undefined) groups.push([id.lsid, [entry]])
    else group[1].push(entry)
  }
  return groups
}

function withStatements(before: RetryRecord | undefined, entries: readonly OplogEntry[]): RetryRecord {
  let txnNumber = before?.txnNumber ?? 0n
  let wallMs = before?.wallMs ?? 0
  let isTransaction = before?.isTransaction ?? false
  let statements = (before?.statements ?? []).map(each => ({ ...each }))
  for (const entry of entries) {
    const { op, retried, statement } = entry
    const id = must(statement ?? entry.transaction, 'session of an entry')
    if (id.txnNumber > txnNumber) {
      txnNumber = id.txnNumber
      statements = []
      isTransaction = false
    }
    wallMs = entry.wallMs
    if (statement === undefined) {
      isTransaction ||= id.txnNumber === txnNumber
      continue
    }
    const last = statements.at(-1)
    const continues =
      last !== undefined &&
      last.op === op &&
      last.first + last.count === statement.stmtId &&
      last.retried === undefined &&
      retried === undefined
    if (continues) last.count++
    else statements.push({ first: statement.stmtId, count: 1, op, retried })
  }
  return { txnNumber, wallMs, statements, isTransaction }
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
