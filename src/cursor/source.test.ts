import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { batchBytesMax } from '../base/limits.ts'
import { Pace } from '../base/pace.ts'
import { type CursorSource, sourceFrom as sourceAtPace, sourceOf } from './source.ts'

const sourceFrom = (documents: AsyncIterable<Uint8Array>): CursorSource =>
  sourceAtPace(documents, new Pace(new ManualEnv()))

const document = (n: number, length = 5): Uint8Array => new Uint8Array(length).fill(n)

async function* streamed(documents: readonly (Uint8Array | Error)[], onEnd = () => {}): AsyncGenerator<Uint8Array> {
  try {
    for (const each of documents) {
      if (each instanceof Error) throw each
      yield each
    }
  } finally {
    onEnd()
  }
}

/** The numbers in the next batch, and whether it was the last. */
async function next(source: CursorSource, countMax: number): Promise<[number[], boolean]> {
  const { signal } = new AbortController()
  const { documents, exhausted } = await source.next({ countMax, waitMs: 0, signal, check: () => {} })
  return [documents.map(each => each[0] ?? -1), exhausted]
}

const three = [document(1), document(2), document(3)]

for (const [name, make] of [
  ['documents that are there', () => sourceOf(three)],
  ['documents that are made', () => sourceFrom(streamed(three))],
] as const) {
  test(`${name} come in batches, and the last says so`, async () => {
    const source = make()
    expect(await next(source, 0)).toEqual([[], false])
    expect(await next(source, 2)).toEqual([[1, 2], false])
    expect(await next(source, 1)).toEqual([[3], true])
    expect(await next(make(), 3)).toEqual([[1, 2, 3], true])
    expect(await next(make(), Infinity)).toEqual([[1, 2, 3], true])
  })
}

test('a batch holds what fits into a reply, and at least one document', async () => {
  const half = batchBytesMax / 2
  const large = [document(1, half), document(2, half - 16), document(3, batchBytesMax + 1), document(4)]
  for (const source of [sourceOf(large), sourceFrom(streamed(large))]) {
    expect(await next(source, Infinity)).toEqual([[1, 2], false])
    expect(await next(source, Infinity)).toEqual([[3], false])
    expect(await next(source, Infinity)).toEqual([[4], true])
  }
})

test('an error comes in its turn: not with a batch that is full without it', async () => {
  const source = sourceFrom(streamed([document(1), document(2), new Error('the third')]))
  expect(await next(source, 2)).toEqual([[1, 2], false])
  await expect(next(source, 2)).rejects.toThrow('the third')
  await expect(next(sourceFrom(streamed([document(1), new Error('the second')])), 2)).rejects.toThrow('the second')
})

test('work that is to stop stops between documents', async () => {
  const source = sourceFrom(streamed(three))
  let left = 2
  const check = () => {
    if (--left === 0) throw new Error('stop')
  }
  await expect(source.next({ countMax: 9, waitMs: 0, signal: new AbortController().signal, check })).rejects.toThrow(
    'stop',
  )
})

test('work that was begun for one is checked by whoever asks now, and what stopped the one stops nobody else', async () => {
  const pace = new Pace(new ManualEnv(), () => {
    throw new Error('nobody asks for the first any more')
  })
  async function* counted(): AsyncGenerator<Uint8Array> {
    for (let n = 0; ; n++) {
      for (let step = 0; step < 100; step++) await pace.step()
      yield document(n)
    }
  }
  const source = sourceAtPace(counted(), pace)
  expect(await next(source, 2)).toEqual([[0, 1], false])
  let isOver = false
  const check = () => {
    if (isOver) throw new Error('over')
    // While it looks for one document more than the batch takes.
    isOver = true
  }
  const { signal } = new AbortController()
  await expect(source.next({ countMax: 1, waitMs: 0, signal, check })).rejects.toThrow('over')
})

test('closing lets go of what documents are made from, even when that goes wrong', async () => {
  let ended = 0
  const source = sourceFrom(streamed(three, () => ended++))
  await next(source, 1)
  source.close()
  await Promise.resolve()
  expect(ended).toBe(1)
  expect(await next(source, 1)).toEqual([[], true])
  const failing = sourceFrom(
    streamed(three, () => {
      throw new Error('while it lets go')
    }),
  )
  await next(failing, 1)
  failing.close()
  await new Promise(resolve => setImmediate(resolve))
})
