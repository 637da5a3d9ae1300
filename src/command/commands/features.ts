/** What was compiled in, as old clients ask it: nothing that has to be told. */
import type { Command } from '../command.ts'
import { requireNoFields } from '../fields.ts'

export const command: Command = {
  name: 'features',
  run(request) {
    requireNoFields(request)
    return { js: {} }
  },
}
