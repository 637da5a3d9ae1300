/** Ends sessions: their cursors are closed. */
import type { Command } from '../command.ts'
import { many, readFields } from '../fields.ts'
import { sessionId } from '../session-commands.ts'

export const command: Command = {
  name: 'endSessions',
  inApiVersion1: true,
  run(request, { sessions }) {
    const { endSessions } = readFields(request, { endSessions: many(sessionId) })
    for (const lsid of endSessions) sessions.end(lsid)
    return {}
  },
}
