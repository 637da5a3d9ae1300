import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { makeClient } from '../../test/services.ts'
import { CommandError } from '../base/errors.ts'
import { Operations, type OperationSpec } from './operations.ts'

const interrupted = new CommandError('Interrupted', 'operation was interrupted')
const spec = (fields: Partial<OperationSpec> = {}): OperationSpec => ({
  request: { name: 'find', db: 'test', body: Buffer.from('0500000000', 'hex'), sequences: new Map() },
  client: makeClient(),
  lsid: undefined,
  retryable: undefined,
  transactionId: undefined,
  maxTimeMs: undefined,
  deadlineMs: undefined,
  apiStrict: false,
  apiParameters: '{}',
  readConcernLevel: undefined,
  exhaustAllowed: false,
  ...fields,
})

function begin(fields: Partial<OperationSpec> = {}) {
  const env = new ManualEnv()
  const operations = new Operations(env)
  return { env, operations, operation: operations.begin(spec(fields)) }
}

test('an operation past its deadline says so, whether it looks or waits', async () => {
  const { env, operation } = begin({ deadlineMs: 50 })
  const { signal } = operation
  await env.advance(49)
  operation.check()
  expect(signal.aborted).toBe(false)
  await env.advance(1)
  expect(() => operation.check()).toThrow(expect.objectContaining({ codeName: 'MaxTimeMSExpired' }))
  expect(signal.reason).toMatchObject({ codeName: 'MaxTimeMSExpired' })
})

test('an operation whose client is gone says so, whether it looks or waits', () => {
  const gone = new AbortController()
  const { operation } = begin({ client: makeClient({ signal: gone.signal }) })
  const { signal } = operation
  operation.check()
  gone.abort()
  expect(() => operation.check()).toThrow(expect.objectContaining({ codeName: 'ClientDisconnect' }))
  expect(signal.reason).toMatchObject({ codeName: 'ClientDisconnect' })
})

test('an interrupted operation stops with the first interruption', () => {
  const { operation, operations } = begin()
  expect(operations.interrupt(operation.id, interrupted)).toBe(true)
  operation.interrupt(new CommandError('InterruptedAtShutdown', 'interrupted at shutdown'))
  expect(() => operation.check()).toThrow(interrupted)
  expect(operation.signal.reason).toBe(interrupted)
  expect(operations.interrupt(999, interrupted)).toBe(false)
})

test('nothing is left behind by an operation that has ended', () => {
  const { env, operation, operations } = begin({ deadlineMs: 50 })
  expect(env.timerCount).toBe(0)
  expect(operation.signal.aborted).toBe(false)
  expect(env.timerCount).toBe(1)
  operations.end(operation)
  expect([env.timerCount, operations.count]).toEqual([0, 0])
})

test('an exhaust operation that runs on has no deadline any more', async () => {
  const { env, operation, operations } = begin({ deadlineMs: 50 })
  operations.end(operation)
  await env.advance(100)
  operations.resume(operation)
  operation.check()
  expect(operation.signal.aborted).toBe(false)
})

test('the operations of a session are interrupted, those of others and the one that asks are not', () => {
  const operations = new Operations(new ManualEnv())
  const lsid = Buffer.alloc(16, 1)
  const [asking, same, other, none] = [lsid, Buffer.from(lsid), Buffer.alloc(16, 2), undefined].map(id =>
    operations.begin(spec({ lsid: id })),
  )
  operations.interruptSession(lsid, interrupted, asking)
  const areInterrupted = () => [asking, same, other, none].map(operation => operation?.interruption !== undefined)
  expect(areInterrupted()).toEqual([false, true, false, false])
  operations.interruptSessions(interrupted, asking)
  expect(areInterrupted()).toEqual([false, true, true, false])
})

test('of a server that stops, only what waits for news is interrupted', () => {
  const { operation, operations } = begin()
  operations.interruptWaiting(interrupted)
  operation.check()
  operation.awaitsNews = true
  operations.interruptWaiting(interrupted)
  expect(() => operation.check()).toThrow(interrupted)
})
