/** Ends sessions and interrupts what runs in them. */
import type { Command } from '../command.ts'
import { many, readFields } from '../fields.ts'
import { killAllSessions, killSession, sessionId } from '../session-commands.ts'

export const command: Command = {
  name: 'killSessions',
  inApiVersion1: true,
  run(request, context) {
    const { killSessions } = readFields(request, { killSessions: many(sessionId) })
    if (killSessions.length === 0) killAllSessions(context)
    for (const lsid of killSessions) killSession(context, lsid)
    return {}
  },
}
