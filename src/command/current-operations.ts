/** What goes on in the server at this moment: running commands, connections that ask nothing, cursors that nobody uses. */
import { Pace } from '../base/pace.ts'
import { encodeDocument } from '../bson/encode.ts'
import type { Cursor } from '../cursor/registry.ts'
import { sessionKeyOf } from '../session/sessions.ts'
import type { CommandContext } from './command.ts'
import { describeCursor, describeIdleCursor } from './describe-cursor.ts'
import { describeConnection, describeIdleSession, describeOperation } from './describe-operation.ts'
import type { Client } from './operation.ts'
import type { RunningOperation } from './operations.ts'

export interface CurrentOperationsOptions {
  readonly idleConnections: boolean
  readonly idleCursors: boolean
  /** Sessions with an open transaction in which nothing runs. */
  readonly idleSessions: boolean
  /** Only the beginning of long commands. */
  readonly truncates: boolean
}

/** A document for each. A stream that is behind costs the reading of one log entry; nothing is counted by scanning. */
export async function* currentOperations(
  context: CommandContext,
  { idleConnections, idleCursors, idleSessions, truncates }: CurrentOperationsOptions,
): AsyncGenerator<Uint8Array> {
  const { operations, operation, clients, cursors, transactions, env } = context
  const pace = new Pace(env, () => operation.check())
  const pinned = new Map<number, Cursor>()
  for (const cursor of cursors.all()) if (cursor.state.kind === 'pinned') pinned.set(cursor.state.by, cursor)
  const busy = new Set<Client>()
  const busySessions = new Set<string>()
  for (const running of [...operations.running]) {
    busy.add(running.client)
    if (running.lsid !== undefined) busySessions.add(sessionKeyOf(running.lsid))
    yield encodeDocument(await describeRunning(running, pinned.get(running.id), context, truncates))
    await pace.step()
  }
  if (idleConnections) {
    for (const client of [...clients]) {
      if (!busy.has(client)) yield encodeDocument(describeConnection(client, context))
      await pace.step()
    }
  }
  if (idleSessions) {
    for (const transaction of [...transactions.open()]) {
      if (busySessions.has(sessionKeyOf(transaction.id.lsid))) continue
      yield encodeDocument(describeIdleSession(transaction, context))
      await pace.step()
    }
  }
  if (idleCursors) {
    for (const cursor of [...cursors.all()]) {
      if (cursor.state.kind === 'idle') yield encodeDocument(await describeIdleCursor(cursor, context))
      await pace.step()
    }
  }
}

async function describeRunning(
  running: RunningOperation,
  cursor: Cursor | undefined,
  context: CommandContext,
  truncates: boolean,
) {
  const { env, facts } = context
  const used = cursor && { namespace: cursor.namespace, described: await describeCursor(cursor, context) }
  return describeOperation(running, { env, facts, truncates, cursor: used })
}
