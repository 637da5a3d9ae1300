/** hello under its old name, which drivers still begin with. */
import type { Command } from '../command.ts'
import { answerHello } from '../hello.ts'

export const command: Command = {
  name: 'isMaster',
  aliases: ['ismaster'],
  run: (request, context) => answerHello(request, context, 'ismaster'),
}
