/** Answers, which is all that it is asked for. */
import type { Command } from '../command.ts'
import { requireNoFields } from '../fields.ts'

export const command: Command = {
  name: 'ping',
  inApiVersion1: true,
  run(request) {
    requireNoFields(request)
    return {}
  },
}
