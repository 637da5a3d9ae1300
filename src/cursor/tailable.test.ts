/** A tailable cursor over a list that grows. Time stands still unless a test moves it, so whatever is answered was not polled for. */
import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { Pace } from '../base/pace.ts'
import { pause } from '../base/pause.ts'
import type { CursorSource } from './source.ts'
import { tailableSource } from './tailable.ts'

class Grown {
  readonly env = new ManualEnv()
  readonly abort = new AbortController()
  readonly #documents: Uint8Array[] = []
  #given = 0
  #grown = new AbortController()

  /** `pieceMax` documents come at a time, `limit` in all. */
  open({ awaitsData = true, limit = Infinity, pieceMax = 2 } = {}): CursorSource {
    return tailableSource(
      this.env,
      {
        pace: new Pace(this.env),
        read: async () => {
          this.#grown = new AbortController()
          const end = Math.min(this.#given + pieceMax, limit)
          const documents = this.#documents.slice(this.#given, end)
          this.#given += documents.length
          return { documents, goesOn: this.#given < this.#documents.length, isOver: this.#given === limit }
        },
        awaitMore: ({ waitMs, signal }) => pause(this.env, waitMs, AbortSignal.any([signal, this.#grown.signal])),
      },
      { awaitsData },
    )
  }

  grow(...numbers: readonly number[]): void {
    for (const number of numbers) this.#documents.push(new Uint8Array(5).fill(number))
    this.#grown.abort()
  }

  /** The numbers of the next batch, and `end` when nothing will follow. */
  async next(source: CursorSource, countMax = Infinity): Promise<(number | 'end')[]> {
    const { signal } = this.abort
    const { documents, exhausted } = await source.next({ countMax, waitMs: 1000, signal, check: () => {} })
    return [...documents.map(each => each[0] ?? -1), ...(exhausted ? (['end'] as const) : [])]
  }
}

test('what is there comes in batches, and the end is not the end', async () => {
  const list = new Grown()
  const source = list.open({ awaitsData: false })
  list.grow(1, 2, 3)
  expect(await list.next(source, 0)).toEqual([])
  expect(await list.next(source, 2)).toEqual([1, 2])
  expect(await list.next(source)).toEqual([3])
  expect(await list.next(source)).toEqual([])
  list.grow(4)
  expect(await list.next(source)).toEqual([4])
})

test('with awaitData it waits, and answers as soon as something comes', async () => {
  const list = new Grown()
  const source = list.open()
  const waiting = list.next(source)
  await list.env.advance(999)
  list.grow(1)
  expect(await waiting).toEqual([1])
  expect(list.env.timerCount).toBe(0)
})

test('growth that brings nothing for it does not end the wait, nor make it longer', async () => {
  const list = new Grown()
  const source = list.open()
  const waiting = list.next(source)
  await list.env.advance(600)
  list.grow()
  await list.env.advance(400)
  expect(await waiting).toEqual([])
  expect(list.env.timerCount).toBe(0)
})

test('it stops waiting when the request is to stop', async () => {
  const list = new Grown()
  const waiting = list.next(list.open())
  await list.env.advance(1)
  list.abort.abort()
  expect(await waiting).toEqual([])
  expect(list.env.timerCount).toBe(0)
})

test('behind its limit it is exhausted', async () => {
  const list = new Grown()
  const source = list.open({ limit: 3 })
  list.grow(1, 2)
  expect(await list.next(source)).toEqual([1, 2])
  list.grow(3, 4)
  expect(await list.next(source)).toEqual([3, 'end'])
})

test('a closed one gives nothing, and ends', async () => {
  const list = new Grown()
  const source = list.open()
  list.grow(1)
  source.close()
  expect(await list.next(source)).toEqual(['end'])
})
