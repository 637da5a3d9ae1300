/** There are no transactions yet, so none to abort. */
import { CommandError } from '../../base/errors.ts'
import type { Command } from '../command.ts'

export const command: Command = {
  name: 'abortTransaction',
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
