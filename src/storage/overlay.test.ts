import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { Claims } from './claims.ts'
import { contentOf, k, logOf, show } from './engine.suite.ts'
import type { OpenedEngine, WriteTransaction } from './engine.ts'
import { openMemory } from './engines/memory.ts'
import { HeldSnapshot, PastEngine } from './held-snapshot.ts'
import { Overlay } from './overlay.ts'

let base: OpenedEngine
let claims: Claims
const openBase = () => openMemory({ nextTime: previous => previous + 1n, newDeploymentId: () => new Uint8Array(16) })

beforeEach(async () => {
  base = await openBase()
  claims = new Claims()
})
afterEach(() => base.close())

async function overlay(over = base): Promise<Overlay> {
  return new Overlay(over, { held: new HeldSnapshot(await over.snapshot()), claims, onGrowth: () => undefined })
}

const put = (engine: Pick<OpenedEngine, 'write'>, ...pairs: readonly string[]) =>
  engine.write(transaction => {
    for (const pair of pairs) {
      const [key = '', value = ''] = pair.split('=')
      transaction.put('records', k(key), k(value))
    }
    transaction.append(k(pairs.join(' ')))
  })

async function content(engine: OpenedEngine): Promise<string> {
  const snapshot = await engine.snapshot()
  const found = await contentOf(snapshot, 'records')
  snapshot.close()
  return found.join(' ')
}

const append = (transaction: WriteTransaction, entries: readonly Uint8Array[]) =>
  entries.forEach(entry => transaction.append(entry))
const conflict = expect.objectContaining({ codeName: 'WriteConflict' })

test('it sees the base as it was, and its own; the base sees nothing before the commit, and then all at once', async () => {
  await put(base, 'a=1', 'b=2', 'c=3')
  const own = await overlay()
  await put(base, 'd=4')
  await put(own, 'b=7', 'e=5')
  await own.write(transaction => transaction.delete('records', k('c')))
  expect([await content(own), await content(base)]).toEqual(['a=1 b=7 e=5', 'a=1 b=2 c=3 d=4'])
  await own.commit(append)
  expect(await content(base)).toBe('a=1 b=7 d=4 e=5')
  expect(await logOf(base)).toEqual(['1.0:a=1 b=2 c=3', '2.0:d=4', '3.0:b=7 e=5'])
})

test('bodies run in order, see those before them, and leave nothing when they throw', async () => {
  const own = await overlay()
  const seen: (string | undefined)[] = []
  const error = new Error('no')
  const outcomes = await Promise.allSettled([
    put(own, 'a=1'),
    own.write(async transaction => {
      transaction.put('records', k('a'), k('2'))
      await Promise.resolve()
      throw error
    }),
    own.write(async transaction => {
      transaction.put('records', k('b'), k('3'))
      seen.push(show(await transaction.get('records', k('a'))))
      seen.push(...(await transaction.getMany('records', ['c', 'b', 'a'].map(k))).map(show))
    }),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect([await content(own), seen]).toEqual(['a=1 b=3', ['1', undefined, '3', '1']])
})

test('a snapshot of it stays what it was', async () => {
  const own = await overlay()
  await put(own, 'a=1')
  const before = own.snapshot()
  await put(own, 'a=2', 'b=1')
  expect(await contentOf(before, 'records')).toEqual(['a=1'])
  before.close()
})

test('a change that the base made since is found at the write, and one that comes later at the commit', async () => {
  await put(base, 'a=1', 'b=1')
  const own = await overlay()
  await put(base, 'a=2')
  await expect(put(own, 'a=3')).rejects.toEqual(conflict)
  await put(own, 'b=3')
  await put(base, 'b=4')
  await expect(own.commit(append)).rejects.toEqual(conflict)
  expect(await content(base)).toBe('a=2 b=4')
})

test('what a body only read must be as it was too; what a reader read need not', async () => {
  await put(base, 'a=1', 'b=1')
  const [body, reader] = [await overlay(), await overlay()]
  await body.write(async transaction => {
    await transaction.get('records', k('a'))
    transaction.put('records', k('c'), k('1'))
  })
  const snapshot = reader.snapshot()
  await snapshot.get('records', k('a'))
  snapshot.close()
  await put(reader, 'd=1')
  await put(base, 'a=2')
  await expect(body.commit(append)).rejects.toEqual(conflict)
  await reader.commit(append)
  expect(await content(base)).toBe('a=2 b=1 d=1')
})

test('the same bytes put anew are no change', async () => {
  await put(base, 'a=1')
  const own = await overlay()
  await put(base, 'a=1')
  await put(own, 'a=2')
  await own.commit(append)
  expect(await content(base)).toBe('a=2')
})

test('of two that want to change a key the second fails at once, and may when the first is over', async () => {
  const [first, second] = [await overlay(), await overlay()]
  await put(first, 'a=1')
  await expect(put(second, 'a=2')).rejects.toEqual(conflict)
  await put(second, 'b=2')
  first.end(() => new Error('over'))
  await put(second, 'a=2')
  await second.commit(append)
  second.end(() => new Error('over'))
  expect([await content(base), claims.count]).toEqual(['a=2 b=2', 0])
})

test('whoever goes on with one that is over gets the reason; who reads already may finish', async () => {
  await put(base, 'a=1')
  const own = await overlay()
  const reading = own.snapshot()
  own.end(() => new CommandError('NoSuchTransaction', 'over'))
  const over = expect.objectContaining({ codeName: 'NoSuchTransaction' })
  expect(await contentOf(reading, 'records')).toEqual(['a=1'])
  reading.close()
  expect(() => own.snapshot()).toThrow(over)
  await expect(put(own, 'a=1')).rejects.toEqual(over)
})

test('one that ends while a body runs takes nothing of it', async () => {
  const own = await overlay()
  let go = (): void => undefined
  const waits = new Promise<void>(resolve => (go = resolve))
  const write = own.write(async transaction => {
    transaction.put('records', k('a'), k('1'))
    await waits
  })
  own.end(() => new CommandError('NoSuchTransaction', 'over'))
  go()
  await expect(write).rejects.toThrow('over')
  expect(own.hasChanges).toBe(false)
})

test('growth is told, and may be refused', async () => {
  const told: number[] = []
  const onGrowth = (bytes: number) => {
    if (bytes > 100) throw new CommandError('TransactionTooLarge', 'too large')
    told.push(bytes)
  }
  const own = new Overlay(base, { held: new HeldSnapshot(await base.snapshot()), claims, onGrowth })
  await put(own, 'key=value')
  await own.write(transaction => transaction.get('records', k('key')))
  await expect(put(own, `a=${'x'.repeat(200)}`)).rejects.toThrow('too large')
  expect([told, await content(own)]).toEqual([[3 + 3 + 5 + 9, 0], 'key=value'])
})

test('an engine of the past shows it until it is ended', async () => {
  await put(base, 'a=1')
  const held = new HeldSnapshot(await base.snapshot())
  const past = new PastEngine(base, held)
  await put(base, 'a=2')
  expect(await content(past)).toBe('a=1')
  await expect(past.write()).rejects.toThrow('not written')
  held.end(() => new Error('too old'))
  expect(() => past.snapshot()).toThrow('too old')
})

const key = fc.constantFrom('a', 'aa', 'b', 'c', 'd', 'dd', 'e')
const change = fc.record({
  key,
  value: fc.option(fc.string({ maxLength: 4, unit: 'binary-ascii' }), { nil: undefined }),
})
const changes = fc.array(change, { maxLength: 12 })

test('a scan of both is a scan of what a commit would leave, whatever the range and the limits', async () => {
  await fc.assert(
    fc.asyncProperty(
      changes,
      changes,
      fc.record({ from: key, to: key, reverse: fc.boolean() }),
      fc.record({ countMax: fc.integer({ min: 1, max: 4 }), bytesMax: fc.integer({ min: 1, max: 12 }) }),
      async (before, own, { from, to, reverse }, limits) => {
        const [under, model] = [await openBase(), await openBase()]
        const make = (engine: OpenedEngine, all: typeof own) =>
          engine.write(transaction => {
            for (const { key: name, value } of all) {
              if (value === undefined) transaction.delete('records', k(name))
              else transaction.put('records', k(name), k(value))
            }
          })
        await make(under, before)
        await make(model, [...before, ...own])
        const over = await overlay(under)
        await make(over, own)
        const range = { from: k(from), to: k(to), reverse }
        const [found, expected] = [over.snapshot(), await model.snapshot()]
        expect(await found.scan('records', range, limits)).toEqual(await expected.scan('records', range, limits))
        expect(await contentOf(found, 'records')).toEqual(await contentOf(expected, 'records'))
        over.end(() => new Error('over'))
        await Promise.all([under.close(), model.close()])
      },
    ),
    { numRuns: 300 },
  )
})
