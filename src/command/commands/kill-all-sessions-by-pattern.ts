/** Ends the sessions that match one of the patterns; all when there is none. */
import type { Command } from '../command.ts'
import { document, many, optional, notSupported, readDocumentFields, readFields } from '../fields.ts'
import { killAllSessions, killSession, sessionId } from '../session-commands.ts'

export const command: Command = {
  name: 'killAllSessionsByPattern',
  run(request, context) {
    const { killAllSessionsByPattern: patterns } = readFields(request, { killAllSessionsByPattern: many(document) })
    const lsids = patterns.map(
      pattern =>
        readDocumentFields('killAllSessionsByPattern', pattern, {
          lsid: optional(sessionId),
          uid: notSupported(),
          users: notSupported(),
          roles: notSupported(),
        }).lsid,
    )
    // A pattern that names nothing matches all.
    if (lsids.length === 0 || lsids.includes(undefined)) killAllSessions(context)
    for (const lsid of lsids) if (lsid !== undefined) killSession(context, lsid)
    return {}
  },
}
