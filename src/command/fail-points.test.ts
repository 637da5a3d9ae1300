import { type Document, serialize } from 'bson'
import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { documentValue, type Value } from '../bson/value.ts'
import { getField } from '../bson/reader.ts'
import { ConnectionDropped, FailPoints } from './fail-points.ts'

const valueOf = (value: unknown): Value => getField(serialize({ value }), 'value') as Value
const dataOf = (data: Document): Value => documentValue(serialize(data))

/** With failCommand set like that, what happens to the commands named, one after another. */
function outcomes(mode: unknown, data: Document, commands: readonly string[], appName?: string): boolean[] {
  const failPoints = new FailPoints(new ManualEnv())
  failPoints.configure('failCommand', valueOf(mode), dataOf(data))
  return commands.map(name => failPoints.enterCommand([name], appName) !== undefined)
}

const find = { failCommands: ['find'], errorCode: 6 }

test.for([
  ['off', find, ['find', 'find'], [false, false]],
  ['alwaysOn', find, ['find', 'ping', 'find'], [true, false, true]],
  [{ times: 2 }, find, ['ping', 'find', 'find', 'find'], [false, true, true, false]],
  [{ times: 0 }, find, ['find'], [false]],
  [{ skip: 1 }, find, ['ping', 'find', 'find', 'find'], [false, false, true, true]],
  [{ activationProbability: 0 }, find, ['find', 'find'], [false, false]],
  [{ activationProbability: 1 }, find, ['find', 'find'], [true, true]],
  ['alwaysOn', {}, ['find'], [false]],
] as const)('failCommand %j with %j: %j fail %j', ([mode, data, commands, expected]) => {
  expect(outcomes(mode, data, commands)).toEqual(expected)
})

test('an application named in the data is the only one that fails', () => {
  const data = { ...find, appName: 'shop' }
  expect(outcomes('alwaysOn', data, ['find'], 'shop')).toEqual([true])
  expect(outcomes('alwaysOn', data, ['find'], 'other')).toEqual([false])
  expect(outcomes('alwaysOn', data, ['find'])).toEqual([false])
})

test('a command fails under any of its names', () => {
  const failPoints = new FailPoints(new ManualEnv())
  failPoints.configure(
    'failCommand',
    valueOf('alwaysOn'),
    dataOf({ failCommands: ['isMaster'], closeConnection: true }),
  )
  expect(failPoints.enterCommand(['isMaster', 'ismaster'], undefined)?.closeConnection).toBe(true)
  expect(failPoints.enterCommand(['hello'], undefined)).toBeUndefined()
})

test('about as many commands fail as the probability says', () => {
  const failed = outcomes({ activationProbability: 0.25 }, find, Array(1000).fill('find')).filter(Boolean)
  expect(failed.length).toBeGreaterThan(150)
  expect(failed.length).toBeLessThan(350)
})

test('configuring tells how often the fail point took effect before', () => {
  const failPoints = new FailPoints(new ManualEnv())
  expect(failPoints.configure('failCommand', valueOf({ times: 2 }), dataOf(find))).toBe(0)
  for (let i = 0; i < 3; i++) failPoints.enterCommand(['find'], undefined)
  expect(failPoints.configure('failCommand', valueOf('off'), undefined)).toBe(2)
  expect(failPoints.failsCommands).toBe(false)
})

test.for([
  ['unknown', 'alwaysOn', {}, 'FailPointSetFailed'],
  ['failCommand', 'sometimes', find, 'BadValue'],
  ['failCommand', 1, find, 'BadValue'],
  ['failCommand', {}, find, 'BadValue'],
  ['failCommand', { times: -1 }, find, 'Location51024'],
  ['failCommand', { times: 1, skip: 1 }, find, 'BadValue'],
  ['failCommand', { activationProbability: 2 }, find, 'BadValue'],
  ['failCommand', 'alwaysOn', { ...find, blockConnection: true }, 'InvalidOptions'],
  ['failCommand', 'alwaysOn', { ...find, errorExtraInfo: {} }, 'IDLUnknownField'],
  ['failCommand', 'alwaysOn', { failCommands: 'find' }, 'TypeMismatch'],
] as const)('%s cannot be set to %j with %j: %s', ([name, mode, data, codeName]) => {
  const failPoints = new FailPoints(new ManualEnv())
  const configure = () => failPoints.configure(name, valueOf(mode), dataOf(data))
  expect(configure).toThrow(expect.objectContaining({ codeName }))
})

test('a getMore that has its cursor fails with the code, or loses its connection', () => {
  const failPoints = new FailPoints(new ManualEnv())
  failPoints.afterCursorCheckout()
  const set = (data: Document) =>
    failPoints.configure('failGetMoreAfterCursorCheckout', valueOf({ times: 1 }), dataOf(data))
  set({ errorCode: 43 })
  expect(() => failPoints.afterCursorCheckout()).toThrow(expect.objectContaining({ codeName: 'CursorNotFound' }))
  failPoints.afterCursorCheckout()
  set({ closeConnection: true, errorCode: 43 })
  expect(() => failPoints.afterCursorCheckout()).toThrow(ConnectionDropped)
})

test('a retryable write loses its connection when it is done, or before', () => {
  const failPoints = new FailPoints(new ManualEnv())
  const set = (data?: Document) =>
    failPoints.configure('onPrimaryTransactionalWrite', valueOf({ times: 1 }), data && dataOf(data))
  set()
  failPoints.beforeRetryableWrite()
  expect(() => failPoints.afterRetryableWrite()).toThrow(ConnectionDropped)
  failPoints.afterRetryableWrite()
  set({ failBeforeCommitExceptionCode: 1 })
  failPoints.afterRetryableWrite()
  expect(() => failPoints.beforeRetryableWrite()).toThrow(ConnectionDropped)
  set({ failBeforeCommitExceptionCode: 1, closeConnection: false })
  expect(() => failPoints.beforeRetryableWrite()).toThrow(expect.objectContaining({ codeName: 'InternalError' }))
  failPoints.beforeRetryableWrite()
})
