import { expect, test } from 'vitest'
import { Bug } from '../base/assert.ts'
import { close, type CursorState, pin, unpin } from './cursor.ts'

const idle: CursorState = { kind: 'idle', sinceMs: 5 }
const pinned: CursorState = { kind: 'pinned', by: 3 }
const closed: CursorState = { kind: 'closed', reason: 'killed' }

test('an idle cursor is pinned by one getMore at a time', () => {
  expect(pin(7n, idle, 3)).toEqual(pinned)
  expect(() => pin(7n, pinned, 4)).toThrow(expect.objectContaining({ codeName: 'CursorInUse' }))
  expect(() => pin(7n, closed, 4)).toThrow(expect.objectContaining({ codeName: 'CursorNotFound' }))
})

test('a cursor is idle from when its getMore is over, and one closed meanwhile stays closed', () => {
  expect(unpin(pinned, 9)).toEqual({ kind: 'idle', sinceMs: 9 })
  expect(unpin(closed, 9)).toEqual(closed)
  expect(() => unpin(idle, 9)).toThrow(Bug)
})

test('a cursor is closed for the first reason', () => {
  expect(close(idle, 'exhausted')).toEqual({ kind: 'closed', reason: 'exhausted' })
  expect(close(pinned, 'failed')).toEqual({ kind: 'closed', reason: 'failed' })
  expect(close(closed, 'exhausted')).toEqual(closed)
})
