/** Interrupts a running command, by the number that currentOp shows. It is answered before that has stopped. */
import { CommandError } from '../../base/errors.ts'
import type { Command } from '../command.ts'
import { integer, readFields } from '../fields.ts'

export const command: Command = {
  name: 'killOp',
  adminOnly: true,
  run(request, { operations }) {
    const { op } = readFields(request, { op: integer })
    operations.interrupt(op, new CommandError('Interrupted', 'operation was interrupted by killOp'))
    return { info: 'attempting to kill op' }
  },
}
