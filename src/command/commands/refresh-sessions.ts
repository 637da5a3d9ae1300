/** Keeps sessions from being idle. */
import type { Command } from '../command.ts'
import { many, readFields } from '../fields.ts'
import { sessionId } from '../session-commands.ts'

export const command: Command = {
  name: 'refreshSessions',
  inApiVersion1: true,
  run(request, { sessions }) {
    const { refreshSessions } = readFields(request, { refreshSessions: many(sessionId) })
    for (const lsid of refreshSessions) sessions.touch(lsid)
    return {}
  },
}
