/**
 * What a command in a multi-document transaction may be and carry, and what one outside may.
 *
 * Source: MongoDB manual, "Transactions and operations"; driver specifications, transactions.
 */
import { CommandError } from '../base/errors.ts'
import type { Command } from './command.ts'
import type { GenericArguments } from './generic-arguments.ts'

/** @throws CommandError for a command, or arguments, that cannot be in a transaction, or not as its first statement. */
export function requireAllowedInTransaction(command: Command, generic: GenericArguments): void {
  const { name, db, startTransaction = false, readConcern, writeConcern } = generic
  const { endsTransaction = false, transactional } = command
  if (transactional === undefined && !endsTransaction) {
    const advice = command.name === 'count' ? ' Use an aggregation with $count.' : ''
    throw notSupported(`Cannot run '${name}' in a multi-document transaction.${advice}`)
  }
  if (isInternal(db) && command.adminOnly !== true) {
    throw notSupported(`Cannot run command against the '${db}' database in a transaction.`)
  }
  if (startTransaction && transactional !== 'any statement') {
    throw notSupported(`Cannot run '${name}' as the first operation of a transaction`)
  }
  if (readConcern !== undefined && !startTransaction) {
    throw invalid('Only the first command in a transaction may specify a readConcern')
  }
  if (readConcern?.level !== undefined && !levels.has(readConcern.level)) {
    throw invalid(`The readConcern level in a transaction is local, majority or snapshot, not ${readConcern.level}`)
  }
  if (writeConcern !== undefined && !endsTransaction) {
    throw invalid('writeConcern is not allowed within a multi-statement transaction')
  }
}

const levels: ReadonlySet<string> = new Set(['local', 'majority', 'snapshot'])

const isInternal = (db: string): boolean => db === 'admin' || db === 'config' || db === 'local'

/** @throws CommandError for a number that a command cannot have, and a state that it cannot read. */
export function requireAllowedOutside(
  command: Command,
  { name, autocommit, txnNumber, readConcern }: GenericArguments,
): void {
  if (txnNumber !== undefined && autocommit === undefined && command.retryable !== true) {
    throw new CommandError(
      'NotARetryableWriteCommand',
      `txnNumber may only be provided for multi-document transactions and retryable write commands. ` +
        `autocommit:false was not provided, and ${name} is not a retryable write command.`,
    )
  }
  // A change stream is asked for by a pipeline; it says itself which levels it takes.
  if (readConcern?.level === 'snapshot' && command.readsSnapshots !== true) {
    throw invalid(`Command ${name} does not support { readConcern: { level: "snapshot" } } outside of transactions`)
  }
}

const notSupported = (message: string): CommandError => new CommandError('OperationNotSupportedInTransaction', message)
const invalid = (message: string): CommandError => new CommandError('InvalidOptions', message)
