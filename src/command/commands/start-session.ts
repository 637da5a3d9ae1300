/** Begins a session with an id of the server's own. */
import { sessionIdleMinutesMax } from '../../base/limits.ts'
import { binaryValue } from '../../bson/encode.ts'
import type { Command } from '../command.ts'
import { requireNoFields } from '../fields.ts'

export const command: Command = {
  name: 'startSession',
  run(request, { env, sessions }) {
    requireNoFields(request)
    const lsid = env.randomBytes(16)
    // Version 4 and variant 1 of a UUID, which drivers check. Source: RFC 9562, section 5.4.
    lsid[6] = ((lsid[6] as number) & 0x0f) | 0x40
    lsid[8] = ((lsid[8] as number) & 0x3f) | 0x80
    sessions.touch(lsid)
    return { id: { id: binaryValue(4, lsid) }, timeoutMinutes: sessionIdleMinutesMax }
  },
}
