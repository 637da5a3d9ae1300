/** Stops the server. Nothing has to be waited for: there are no other members, and what was answered is durable. */
import { CommandError } from '../../base/errors.ts'
import type { Command } from '../command.ts'
import { bool, count, optional, readFields } from '../fields.ts'

export const command: Command = {
  name: 'shutdown',
  adminOnly: true,
  run(request, { requestShutdown }) {
    readFields(request, { force: optional(bool), timeoutSecs: optional(count) })
    if (requestShutdown === undefined) {
      throw new CommandError('CommandNotSupported', 'this server runs inside another program, which stops it')
    }
    requestShutdown()
    return {}
  },
}
