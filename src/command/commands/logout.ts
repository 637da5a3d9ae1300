/** Nobody is logged in, so nobody is logged out. */
import type { Command } from '../command.ts'
import { requireNoFields } from '../fields.ts'

export const command: Command = {
  name: 'logout',
  run(request) {
    requireNoFields(request)
    return {}
  },
}
