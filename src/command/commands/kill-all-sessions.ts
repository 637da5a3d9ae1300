/** Ends all sessions, or those of some users, of which there are none. */
import type { Command } from '../command.ts'
import { document, many, readFields } from '../fields.ts'
import { killAllSessions } from '../session-commands.ts'

export const command: Command = {
  name: 'killAllSessions',
  run(request, context) {
    const { killAllSessions: users } = readFields(request, { killAllSessions: many(document) })
    if (users.length === 0) killAllSessions(context)
    return {}
  },
}
