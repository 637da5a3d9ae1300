/** What happens when a commit fails or takes its time: injected here, where it can be. It is the way of writer.ts, so of all engines. */
import { expect, test } from 'vitest'
import { StorageFailed } from '../../base/errors.ts'
import { groupBytesMax } from '../../base/limits.ts'
import { contentOf, k, logOf, show } from '../engine.suite.ts'
import type { EngineOptions, OpenedEngine } from '../engine.ts'
import { MemoryDisk, openMemory } from './memory.ts'

const options: EngineOptions = {
  nextTime: previous => previous + 1n,
  newDeploymentId: () => new Uint8Array(16),
}

const put = (engine: OpenedEngine, key: string, value = '') =>
  engine.write(transaction => {
    transaction.put('records', k(key), k(value))
    transaction.append(k(key))
  })

async function keysNow(engine: OpenedEngine): Promise<string> {
  const snapshot = await engine.snapshot()
  const content = await contentOf(snapshot, 'records')
  snapshot.close()
  return content.map(each => each.split('=')[0]).join('')
}

/** A disk whose commits wait for `let`, which takes an error to let one fail. */
function slowDisk() {
  const waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  return {
    beforeCommit: () => new Promise<void>((resolve, reject) => waiting.push({ resolve, reject })),
    get commitCount() {
      return waiting.length
    },
    async let(error?: Error) {
      const commit = waiting.shift()
      if (error === undefined) commit?.resolve()
      else commit?.reject(error)
      await idle()
    },
  }
}

const idle = () => new Promise(resolve => setImmediate(resolve))
const outcomeOf = (write: Promise<unknown>) =>
  write.then(
    () => 'written',
    error => (error instanceof StorageFailed ? 'failed' : String(error)),
  )

test('while a group is on its way, the next one is decided on what it will leave, and goes as one', async () => {
  const disk = slowDisk()
  const engine = await openMemory(options, disk)
  const first = put(engine, 'a', '1')
  await idle()
  expect(disk.commitCount).toBe(1)
  let heard = 0
  engine.log.onAppend(() => (heard += 1))
  const seen = engine.write(async transaction => show(await transaction.get('records', k('a'))))
  const others = ['b', 'c', 'd'].map(key => put(engine, key))
  await idle()
  expect([disk.commitCount, await keysNow(engine), engine.log.newest.time, heard]).toEqual([1, '', 0n, 0])
  await disk.let()
  await first
  expect([disk.commitCount, await keysNow(engine), engine.log.newest.time, heard]).toEqual([1, 'a', 1n, 1])
  await disk.let()
  await Promise.all(others)
  expect([disk.commitCount, await keysNow(engine), engine.log.newest.time, heard]).toEqual([0, 'abcd', 4n, 2])
  expect((await seen).result).toBe('1')
  await engine.close()
})

test('a failed commit takes everything with it that was decided after it; reads go on', async () => {
  const disk = slowDisk()
  const engine = await openMemory(options, disk)
  const good = put(engine, 'a')
  await idle()
  await disk.let()
  await good
  const held = await engine.snapshot()

  let goOn = (): void => undefined
  const paused = new Promise<void>(resolve => (goOn = resolve))
  const outcomes = [outcomeOf(put(engine, 'b'))]
  await idle()
  outcomes.push(
    outcomeOf(put(engine, 'c')),
    outcomeOf(engine.write(transaction => transaction.get('records', k('b')))),
    outcomeOf(
      engine.write(async transaction => {
        transaction.put('records', k('d'), k(''))
        await paused
      }),
    ),
    outcomeOf(put(engine, 'e')),
    outcomeOf(engine.log.truncateBefore(1n)),
  )
  await idle()
  await disk.let(new Error('the disk is on fire'))
  goOn()
  expect(await Promise.all(outcomes)).toEqual(outcomes.map(() => 'failed'))
  expect(await outcomeOf(put(engine, 'f'))).toBe('failed')
  expect(await outcomeOf(engine.write(() => undefined))).toBe('failed')
  expect(disk.commitCount).toBe(0)

  expect(await keysNow(engine)).toBe('a')
  expect(await contentOf(held, 'records')).toEqual(['a='])
  expect([await logOf(engine), engine.log.newest]).toEqual([['1.0:a'], { time: 1n, index: 0 }])
  held.close()
  await engine.close()
})

test('the first refusal tells what happened, later ones tell why', async () => {
  const fire = new Error('the disk is on fire')
  const engine = await openMemory(options, {
    beforeCommit() {
      throw fire
    },
  })
  const [first, second] = await Promise.allSettled([put(engine, 'a'), idle().then(() => put(engine, 'b'))])
  expect(first).toMatchObject({ reason: { message: expect.stringContaining('on fire'), cause: fire } })
  expect(second).toMatchObject({ reason: { message: expect.stringContaining('on fire'), cause: { cause: fire } } })
  await engine.close()
})

test('after a failure the data can be opened anew', async () => {
  const disk = new MemoryDisk()
  let fails = false
  const open = () =>
    openMemory(options, {
      disk,
      beforeCommit() {
        if (fails) throw new Error('no')
      },
    })
  const first = await open()
  await put(first, 'a')
  fails = true
  expect(await outcomeOf(put(first, 'b'))).toBe('failed')
  await first.close()
  fails = false
  const second = await open()
  await put(second, 'c')
  expect([await keysNow(second), await logOf(second)]).toEqual(['ac', ['1.0:a', '2.0:c']])
  await second.close()
})

test('bodies wait when what was decided before them is too much to be kept', async () => {
  const disk = slowDisk()
  const engine = await openMemory(options, disk)
  const large = k('x')
    .toString()
    .repeat(groupBytesMax / 2)
  const decided: string[] = []
  const write = (key: string) =>
    engine.write(transaction => {
      decided.push(key)
      transaction.put('records', k(key), k(large))
    })
  const writes = [write('a')]
  await idle()
  writes.push(write('b'), write('c'), write('d'), write('e'))
  await idle()
  expect(decided.join('')).toBe('abc')
  await disk.let()
  expect(decided.join('')).toBe('abcde')
  await disk.let()
  await disk.let()
  await Promise.all(writes)
  expect(await keysNow(engine)).toBe('abcde')
  await engine.close()
})
