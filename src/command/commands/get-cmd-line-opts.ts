/** How the server was started. */
import type { Command } from '../command.ts'
import { readFields } from '../fields.ts'

export const command: Command = {
  name: 'getCmdLineOpts',
  adminOnly: true,
  run(request, { facts }) {
    readFields(request, {})
    return { argv: facts.argv, parsed: facts.parsedOptions }
  },
}
