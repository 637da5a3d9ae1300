/**
 * The states of a cursor and every way between them; pure.
 *
 *   idle ── pin ──▶ pinned ── unpin ──▶ idle
 *    │                │
 *    └──── close ─────┴──▶ closed        a pinned cursor may be closed: its getMore finds out when it unpins
 */
import { assert, unreachable } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'

export type CloseReason = 'exhausted' | 'killed' | 'idle-too-long' | 'failed'

export type CursorState =
  | { readonly kind: 'idle'; readonly sinceMs: number }
  /** `by` is the number of the operation that uses it. */
  | { readonly kind: 'pinned'; readonly by: number }
  | { readonly kind: 'closed'; readonly reason: CloseReason }

/** The getMore of operation `by` takes the cursor; until `unpin` nobody else may use it. */
export function pin(id: bigint, state: CursorState, by: number): CursorState {
  switch (state.kind) {
    case 'idle':
      return { kind: 'pinned', by }
    case 'pinned':
      throw new CommandError('CursorInUse', `cursor id ${id} is already in use`)
    case 'closed':
      throw cursorNotFound(id)
    default:
      return unreachable(state)
  }
}

/** The getMore is over, however it ended. A cursor closed meanwhile stays closed. */
export function unpin(state: CursorState, nowMs: number): CursorState {
  assert(state.kind !== 'idle', 'a cursor is unpinned only by the getMore that pinned it')
  return state.kind === 'closed' ? state : { kind: 'idle', sinceMs: nowMs }
}

/** The first reason stays. */
export function close(state: CursorState, reason: CloseReason): CursorState {
  return state.kind === 'closed' ? state : { kind: 'closed', reason }
}

export function cursorNotFound(id: bigint): CommandError {
  return new CommandError('CursorNotFound', `cursor id ${id} not found`)
}
