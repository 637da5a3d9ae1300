/** Makes commands fail on purpose, for tests of drivers. Only where the server was started with enableTestCommands. */
import { CommandError } from '../../base/errors.ts'
import type { Command } from '../command.ts'
import { anything, document, optional, readFields, string } from '../fields.ts'

export const command: Command = {
  name: 'configureFailPoint',
  adminOnly: true,
  run(request, { facts, failPoints }) {
    if (!facts.parameters.enableTestCommands) {
      throw new CommandError('CommandNotFound', `no such command: '${request.name}'`)
    }
    const { configureFailPoint, mode, data } = readFields(request, {
      configureFailPoint: string,
      mode: anything,
      data: optional(document),
    })
    return { count: failPoints.configure(configureFailPoint, mode, data) }
  },
}
