import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { logLinesKeptMax } from './limits.ts'
import { KeptLog } from './log.ts'

test('the last lines are kept, all are counted, and each is passed on', () => {
  let passedOn = 0
  const count = () => {
    passedOn++
  }
  const log = new KeptLog(new ManualEnv(), { debug: count, info: count, warn: count, error: count })
  const written = 3 * logLinesKeptMax + 5
  for (let line = 1; line <= written; line++) log.info({ line }, 'a line')
  log.debug({}, 'a detail')
  expect([log.count, log.lines.length, passedOn]).toEqual([written, logLinesKeptMax, written + 1])
  expect(log.lines.at(-1)?.fields).toEqual({ line: written })
  expect(log.lines[0]?.fields).toEqual({ line: written - logLinesKeptMax + 1 })
})
