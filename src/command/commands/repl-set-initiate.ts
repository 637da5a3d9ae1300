/** There is nothing to initiate: the set of one is there from the start. */
import { CommandError } from '../../base/errors.ts'
import type { Command } from '../command.ts'

export const command: Command = {
  name: 'replSetInitiate',
  adminOnly: true,
  run() {
    // Tools look at these words and then go on as if they had initiated it.
    throw new CommandError('AlreadyInitialized', 'already initialized')
  },
}
