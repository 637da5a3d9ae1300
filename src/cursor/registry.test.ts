import { beforeEach, expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { cursorIdleMsMax } from '../base/limits.ts'
import { type CursorOwner, CursorRegistry, type CursorSpec, type CursorUser } from './registry.ts'
import type { CursorSource } from './source.ts'

let env: ManualEnv
let cursors: CursorRegistry
let closed: string[]

beforeEach(() => {
  env = new ManualEnv()
  cursors = new CursorRegistry(env)
  closed = []
})

const sourceCalled = (name: string): CursorSource => ({
  awaitsData: false,
  next: () => Promise.resolve({ documents: [], exhausted: false }),
  close: () => void closed.push(name),
})

const owner: CursorOwner = { sessionKey: undefined, apiParameters: '{}' }
const by: CursorUser = { ...owner, operationId: 1 }

const open = (name: string, more: Partial<CursorSpec> = {}) =>
  cursors.open({
    source: sourceCalled(name),
    namespace: 'd.c',
    txnNumber: undefined,
    isChangeStream: false,
    ...owner,
    origin: { command: new Uint8Array(0), connectionId: 1, client: '127.0.0.1:50000', appName: undefined },
    firstCount: 2,
    ...more,
  })

const codeName = (name: string) => expect.objectContaining({ codeName: name }) as unknown

test('a cursor has a positive id that is its own', () => {
  const ids = Array.from({ length: 100 }, (_, index) => open(`c${index}`).id)
  expect(new Set(ids).size).toBe(100)
  for (const id of ids) expect(id > 0n && id < 1n << 63n).toBe(true)
  expect(cursors.count).toBe(100)
})

test('a cursor is used by one getMore at a time, and under its own namespace', () => {
  const { id } = open('a')
  expect(() => cursors.pin(id, 'd.other', by)).toThrow(codeName('Unauthorized'))
  expect(cursors.pin(id, 'd.c', by).id).toBe(id)
  expect(() => cursors.pin(id, 'd.c', by)).toThrow(codeName('CursorInUse'))
  cursors.unpin(id)
  expect(cursors.pin(id, 'd.c', by).id).toBe(id)
  expect(() => cursors.pin(id + 1n, 'd.c', by)).toThrow(codeName('CursorNotFound'))
})

test.each<[number, Partial<CursorOwner>, Partial<CursorOwner>]>([
  [50736, {}, { sessionKey: 'aa' }],
  [50737, { sessionKey: 'aa' }, {}],
  [50738, { sessionKey: 'aa' }, { sessionKey: 'bb' }],
  [347, { apiParameters: '{ apiVersion: "1" }' }, {}],
  [347, {}, { apiParameters: '{ apiVersion: "1" }' }],
])(
  'error %i keeps a getMore from a cursor of another owner, and leaves it: opened by %j, asked by %j',
  (code, own, other) => {
    const { id } = open('a', own)
    expect(() => cursors.pin(id, 'd.c', { ...by, ...other })).toThrow(expect.objectContaining({ code }))
    expect(cursors.pin(id, 'd.c', { ...by, ...own }).id).toBe(id)
  },
)

test('whose cursor it is, and who asks, is told by the hex of their ids', () => {
  const { id } = open('a', { sessionKey: '\0\n\xff' })
  const asked = (sessionKey: string | undefined) => () => cursors.pin(id, 'd.c', { ...by, sessionKey })
  expect(asked(undefined)).toThrow(`created in session 000aff, without an lsid`)
  expect(asked('\x1b"')).toThrow(`created in session 000aff, in session 1b22`)
})

test('a cursor is killed under its own namespace, pinned or not, and whoever uses it is told', () => {
  const { id, signal } = open('a')
  cursors.pin(id, 'd.c', by)
  expect(cursors.kill(id, 'd.other')).toBe(false)
  expect([signal.aborted, closed]).toEqual([false, []])
  expect(cursors.kill(id, 'd.c')).toBe(true)
  expect([signal.aborted, closed, cursors.count]).toEqual([true, ['a'], 0])
  cursors.unpin(id)
  expect(cursors.kill(id, 'd.c')).toBe(false)
  expect(() => cursors.pin(id, 'd.c', by)).toThrow(codeName('CursorNotFound'))
})

test('a cursor that nobody asks for is closed in time, but not one in use or of a session', async () => {
  open('idle')
  const used = open('used')
  const pinned = open('pinned')
  open('session', { sessionKey: 'aa' })
  cursors.pin(pinned.id, 'd.c', by)
  await env.advance(cursorIdleMsMax - 1)
  cursors.pin(used.id, 'd.c', by)
  cursors.unpin(used.id)
  expect(closed).toEqual([])
  await env.advance(cursorIdleMsMax / 2 + 1)
  expect(closed).toEqual(['idle'])
  await env.advance(cursorIdleMsMax * 2)
  expect(closed).toEqual(['idle', 'used'])
})

test('the cursors of a session end with it', () => {
  open('a', { sessionKey: 'aa' })
  open('b', { sessionKey: 'bb' })
  open('c')
  cursors.closeSession('aa')
  expect(closed).toEqual(['a'])
})

test('without cursors no timer runs', async () => {
  expect(env.timerCount).toBe(0)
  open('a')
  open('b')
  expect(env.timerCount).toBe(1)
  await env.advance(cursorIdleMsMax * 3)
  expect([closed, env.timerCount]).toEqual([['a', 'b'], 0])
  open('c')
  cursors.closeAll()
  expect([closed, env.timerCount, cursors.count]).toEqual([['a', 'b', 'c'], 0, 0])
})
