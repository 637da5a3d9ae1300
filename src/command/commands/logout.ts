/** Nobody is logged in, so nobody is logged out. */
import type { Command } from '../command.ts'
import { readFields } from '../fields.ts'

export const command: Command = {
  name: 'logout',
  run(request) {
    readFields(request, {})
    return {}
  },
}
