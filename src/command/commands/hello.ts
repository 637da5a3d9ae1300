/** Who the server is and what it can do: the first thing that a driver asks, and asks again to watch it. */
import type { Command } from '../command.ts'
import { answerHello } from '../hello.ts'

export const command: Command = {
  name: 'hello',
  inApiVersion1: true,
  run: (request, context) => answerHello(request, context, 'isWritablePrimary'),
}
