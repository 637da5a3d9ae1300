/** Log lines on stderr, one JSON document each, with mongod's names for time, severity, message and the rest. */
import { pino, type Logger } from 'pino'
import { systemEnv } from '../base/env.ts'
import { logBytesMax } from '../base/limits.ts'
import { BoundedOutput } from './bounded-output.ts'

const severities: Readonly<Record<string, string>> = { debug: 'D', info: 'I', warn: 'W', error: 'E', fatal: 'F' }

export interface OpenedLog {
  /** `{"s":"I","t":{"$date":"…"},"attr":{…},"msg":"…"}` */
  readonly log: Logger
  readonly output: BoundedOutput
}

export function openLog(): OpenedLog {
  const output = new BoundedOutput(process.stderr, {
    bytesMax: logBytesMax,
    env: systemEnv,
    onRoom: count => log.warn({ count }, 'log lines were dropped, since nobody took them'),
  })
  const log = pino(
    {
      base: null,
      nestedKey: 'attr',
      formatters: { level: label => ({ s: severities[label] ?? label }) },
      timestamp: () => `,"t":{"$date":"${new Date(systemEnv.wallMs()).toISOString()}"}`,
    },
    output,
  )
  return { log, output }
}
