/**
 * Error labels: what a driver may do after an error. They are part of the contract; a wrong one makes a driver retry what
 * it must not, or give up what it could go on with.
 *
 * Source: MongoDB driver specifications, retryable writes, transactions and change streams ("Resumable Error").
 */
import { codeOf, type CodeName } from '../base/errors.ts'

const setOf = (...names: readonly CodeName[]): ReadonlySet<number> => new Set(names.map(codeOf))
const union = (...sets: readonly ReadonlySet<number>[]): ReadonlySet<number> => new Set(sets.flatMap(set => [...set]))

/** The server's class RetriableError. */
const retriable = setOf(
  'HostUnreachable',
  'HostNotFound',
  'NetworkTimeout',
  'ShutdownInProgress',
  'ReadConcernMajorityNotAvailableYet',
  'PrimarySteppedDown',
  'ExceededTimeLimit',
  'Location358',
  'ResourceExhausted',
  'Location406',
  'Location407',
  'SocketException',
  'NotWritablePrimary',
  'InterruptedAtShutdown',
  'InterruptedDueToReplStateChange',
  'NotPrimaryNoSecondaryOk',
  'NotPrimaryOrSecondary',
  'BackupCursorOpenConflictWithCheckpoint',
  'RetriableRemoteCommandFailure',
)

/** A transaction that failed so may succeed when it is begun anew. */
const transient = setOf(
  'WriteConflict',
  'LockTimeout',
  'PreparedTransactionInProgress',
  'StaleDbVersion',
  'Location343',
  'SnapshotTooOld',
  'SnapshotUnavailable',
  'StaleChunkHistory',
  'MigrationConflict',
  'StaleEpoch',
  'StaleConfig',
)
const noSuchTransaction = setOf('NoSuchTransaction')
const transientBeforeCommit = union(transient, retriable, noSuchTransaction)
const transientAtCommit = union(transient, noSuchTransaction)

const resumable = union(
  retriable,
  setOf('StaleEpoch', 'StaleConfig', 'RetryChangeStream', 'FailedToSatisfyReadPreference'),
)
const nonResumable = setOf('ChangeStreamFatalError', 'ChangeStreamHistoryLost')

/** Whoever got one of these looks for another primary; the reply says how old our knowledge is. */
const notPrimary = setOf(
  'PrimarySteppedDown',
  'NotWritablePrimary',
  'InterruptedDueToReplStateChange',
  'NotPrimaryNoSecondaryOk',
  'NotPrimaryOrSecondary',
)

export const isNotPrimaryError = (code: number): boolean => notPrimary.has(code)

/** What the labels of a failed command follow from. */
export interface FailedCommand {
  /** Of the error, and of the reply's writeConcernError. */
  readonly code: number | undefined
  readonly writeConcernCode: number | undefined
  /** A `txnNumber` without a transaction. */
  readonly isRetryableWrite: boolean
  /** `txnNumber` and `autocommit`. */
  readonly isInTransaction: boolean
  /** commitTransaction or abortTransaction. */
  readonly endsTransaction: boolean
  readonly isChangeStream: boolean
  /** Whether the command was let run at all. */
  readonly hasRun: boolean
}

export function errorLabelsOf(failed: FailedCommand): string[] {
  const { code, writeConcernCode, endsTransaction, isChangeStream, hasRun } = failed
  const labels: string[] = []
  const has = (codes: ReadonlySet<number>) => code !== undefined && codes.has(code)
  if (failed.isInTransaction && writeConcernCode === undefined) {
    if (has(endsTransaction ? transientAtCommit : transientBeforeCommit)) labels.push('TransientTransactionError')
  }
  if (failed.isRetryableWrite || endsTransaction) {
    const isRetriable = has(retriable) || (writeConcernCode !== undefined && retriable.has(writeConcernCode))
    if (isRetriable) labels.push('RetryableWriteError')
    if (isRetriable && !hasRun) labels.push('NoWritesPerformed')
  }
  if (has(nonResumable)) labels.push('NonResumableChangeStreamError')
  if (isChangeStream && writeConcernCode === undefined && has(resumable)) labels.push('ResumableChangeStreamError')
  return labels
}
