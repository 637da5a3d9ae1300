/** What the commands on sessions share. */
import { CommandError } from '../base/errors.ts'
import type { TransactionId } from '../oplog/entry.ts'
import type { CommandContext, CommandRequest, Operation } from './command.ts'
import { document, type FieldParser } from './fields.ts'
import { parseLsid } from './generic-arguments.ts'

/** `{ id: UUID, [uid] }` as the 16 bytes of its UUID. */
export const sessionId: FieldParser<Uint8Array> = (value, path) => parseLsid(document(value, path))

const killed = (): CommandError => new CommandError('Interrupted', 'operation was interrupted: its session was killed')

/** Interrupts what runs in the session, all but the command that asks, and ends it. */
export function killSession({ operations, operation, sessions }: CommandContext, lsid: Uint8Array): void {
  operations.interruptSession(lsid, killed(), operation)
  sessions.end(lsid)
}

export function killAllSessions({ operations, operation, sessions }: CommandContext): void {
  operations.interruptSessions(killed(), operation)
  sessions.endAll()
}

/** Which transaction a command is about. @throws CommandError CommandFailed when it names none. */
export function requireTransactionId({ name }: CommandRequest, { transactionId }: Operation): TransactionId {
  if (transactionId !== undefined) return transactionId
  throw new CommandError('CommandFailed', `${name} must be run within a transaction`)
}
