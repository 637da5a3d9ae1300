/** What the commands on sessions share. */
import { CommandError } from '../base/errors.ts'
import { binaryValue, type Encodable } from '../bson/encode.ts'
import type { TransactionId } from '../oplog/entry.ts'
import type { CommandContext, CommandRequest, Operation } from './command.ts'
import { document, type FieldParser } from './fields.ts'
import { parseLsid } from './generic-arguments.ts'

/** `{ id: UUID, [uid] }` as the 16 bytes of its UUID. */
export const sessionId: FieldParser<Uint8Array> = (value, path) => parseLsid(document(value, path))

/** Of nobody, who is everybody here: the hash of no user's name. Source: MongoDB, logical sessions. */
const uid = Buffer.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex')

/** A session's 16 bytes as reports show them. */
export const showSession = (lsid: Uint8Array): Encodable => ({ id: binaryValue(4, lsid), uid: binaryValue(0, uid) })

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
