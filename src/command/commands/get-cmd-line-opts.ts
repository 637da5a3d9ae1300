/** How the server was started. */
import type { Command } from '../command.ts'
import { requireNoFields } from '../fields.ts'

export const command: Command = {
  name: 'getCmdLineOpts',
  adminOnly: true,
  run(request, { facts }) {
    requireNoFields(request)
    return { argv: facts.argv, parsed: facts.parsedOptions }
  },
}
