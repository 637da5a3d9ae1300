/** The last lines of the log, each one a JSON document, in the server's form. */
import { CommandError } from '../../base/errors.ts'
import type { LogLine } from '../../base/log.ts'
import type { Command } from '../command.ts'
import { readFields, string } from '../fields.ts'

export const command: Command = {
  name: 'getLog',
  adminOnly: true,
  run(request, { log, facts }) {
    const { getLog: name } = readFields(request, { getLog: string })
    switch (name) {
      case '*':
        return { names: ['global', 'startupWarnings'] }
      case 'global':
        return { totalLinesWritten: log.count, log: log.lines.map(jsonLine) }
      case 'startupWarnings': {
        const wallMs = facts.startedWallMs
        const lines = facts.startupWarnings.map(message => jsonLine({ severity: 'W', wallMs, message, fields: {} }))
        return { totalLinesWritten: lines.length, log: lines }
      }
      default:
        throw new CommandError('OperationFailed', `No log named '${name}'`)
    }
  },
}

const jsonLine = ({ severity, wallMs, message, fields }: LogLine): string =>
  JSON.stringify({
    t: { $date: new Date(wallMs).toISOString() },
    s: severity,
    c: 'CONTROL',
    id: 0,
    ctx: 'main',
    msg: message,
    attr: shown(fields),
  })

/** JSON knows nothing of errors and big numbers. */
function shown(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, unknown]) => {
      if (value instanceof Error) return [name, value.stack ?? value.message]
      return [name, typeof value === 'bigint' ? String(value) : value]
    }),
  )
}
