/** Log lines on stderr, one JSON document each, with mongod's names for time, severity, message and the rest. */
import { pino, type Logger } from 'pino'
import { systemEnv } from '../base/env.ts'

const severities: Readonly<Record<string, string>> = { debug: 'D', info: 'I', warn: 'W', error: 'E', fatal: 'F' }

/** `{"s":"I","t":{"$date":"…"},"attr":{…},"msg":"…"}` */
export function openLog(): Logger {
  return pino(
    {
      base: null,
      nestedKey: 'attr',
      formatters: { level: label => ({ s: severities[label] ?? label }) },
      timestamp: () => `,"t":{"$date":"${new Date(systemEnv.wallMs()).toISOString()}"}`,
    },
    pino.destination({ dest: 2, sync: true }),
  )
}
