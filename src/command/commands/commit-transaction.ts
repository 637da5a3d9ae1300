/** There are no transactions yet, so none to commit. */
import { CommandError } from '../../base/errors.ts'
import type { Command } from '../command.ts'

export const command: Command = {
  name: 'commitTransaction',
  adminOnly: true,
  inApiVersion1: true,
  endsTransaction: true,
  run() {
    throw new CommandError(
      'NoSuchTransaction',
      'no such transaction: multi-document transactions are not supported yet',
    )
  },
}
