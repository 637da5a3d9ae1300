/** The client's address as the server sees it. */
import type { Command } from '../command.ts'
import { requireNoFields } from '../fields.ts'

export const command: Command = {
  name: 'whatsmyuri',
  run(request, { client }) {
    requireNoFields(request)
    return { you: client.remoteAddress }
  },
}
