/** Answers, which is all that it is asked for. */
import type { Command } from '../command.ts'
import { readFields } from '../fields.ts'

export const command: Command = {
  name: 'ping',
  inApiVersion1: true,
  run(request) {
    readFields(request, {})
    return {}
  },
}
