/** Reading the log a commit at a time, forwards and backwards, while it is cut. */
import { expect, test } from 'vitest'
import { logReadBytesMax } from '../base/limits.ts'
import type { Log, OpenedEngine } from '../storage/engine.ts'
import { engine as memory } from '../storage/engines/memory.ts'
import { CommitReader, commitsBackwards, type Commit, type TimeRange } from './commits.ts'

const always: TimeRange = { from: 0n, to: 0xffff_ffff_ffff_ffffn }

/** The commit at time n has n % 3 + 1 entries. */
async function openLog(count: number, entryBytes = 1): Promise<OpenedEngine> {
  const engine = await memory.open({ nextTime: previous => previous + 1n, newDeploymentId: () => new Uint8Array(16) })
  for (let time = 1; time <= count; time++) {
    await engine.write(transaction => {
      for (let index = 0; index <= time % 3; index++) transaction.append(new Uint8Array(entryBytes))
    })
  }
  return engine
}

const show = ({ time, entries }: Commit): string => `${time}×${entries.length}`

async function rest(reader: CommitReader): Promise<string[]> {
  const found: string[] = []
  for (let commit = await reader.next(); commit !== undefined; commit = await reader.next()) found.push(show(commit))
  return found
}

async function backwards(log: Log, range = always): Promise<string[]> {
  const found: string[] = []
  for await (const commit of commitsBackwards(log, range)) found.push(show(commit))
  return found
}

test('entries of one time are one commit, however the log comes in pieces', async () => {
  for (const entryBytes of [1, logReadBytesMax]) {
    const { log } = await openLog(5, entryBytes)
    const whole = ['1×2', '2×3', '3×1', '4×2', '5×3']
    expect(await rest(new CommitReader(log, always))).toEqual(whole)
    expect(await backwards(log)).toEqual(whole.toReversed())
  }
})

test('a range is read from its near end on, and no further than to the other', async () => {
  const { log } = await openLog(9)
  const range = { from: 3n, to: 5n }
  expect(await rest(new CommitReader(log, range))).toEqual(['3×1', '4×2', '5×3'])
  expect(await backwards(log, range)).toEqual(['5×3', '4×2', '3×1'])
  for (const empty of [
    { from: 5n, to: 4n },
    { from: 50n, to: 60n },
  ]) {
    expect(await rest(new CommitReader(log, empty))).toEqual([])
    expect(await backwards(log, empty)).toEqual([])
  }
})

test('the newest commit is read without the log before it, and so is what begins late', async () => {
  const { log } = await openLog(300, 10_000)
  let readBytes = 0
  const counted = async <T extends readonly { readonly bytes: Uint8Array }[]>(entries: T | Promise<T>): Promise<T> => {
    const found = await entries
    readBytes += found.reduce((sum, { bytes }) => sum + bytes.length, 0)
    return found
  }
  const watched: Log = {
    oldest: log.oldest,
    newest: log.newest,
    bytes: log.bytes,
    readAfter: (position, limits) => counted(log.readAfter(position, limits)),
    readBefore: (position, limits) => counted(log.readBefore(position, limits)),
    countAfter: position => log.countAfter(position),
    get: position => log.get(position),
    onAppend: listener => log.onAppend(listener),
    truncateBefore: time => log.truncateBefore(time),
  }
  const newest = await commitsBackwards(watched, always).next()
  expect(newest.done === false && show(newest.value)).toBe('300×1')
  expect(await rest(new CommitReader(watched, { from: 299n, to: always.to }))).toEqual(['299×3', '300×1'])
  expect(readBytes).toBeLessThan(2 * logReadBytesMax)
})

test('at the end it has nothing for now, and goes on behind it', async () => {
  const engine = await openLog(2)
  const reader = new CommitReader(engine.log, always)
  expect(await rest(reader)).toEqual(['1×2', '2×3'])
  expect(await rest(reader)).toEqual([])
  await engine.write(transaction => transaction.append(new Uint8Array(1)))
  expect(await rest(reader)).toEqual(['3×1'])
})

test('a reader that retention has overtaken is told so, one that it has not goes on', async () => {
  const engine = await openLog(4, logReadBytesMax)
  const behind = new CommitReader(engine.log, always)
  const ahead = new CommitReader(engine.log, always)
  expect((await behind.next())?.time).toBe(1n)
  for (let count = 1; count <= 3; count++) await ahead.next()
  await engine.log.truncateBefore(4n)
  await expect(behind.next().then(() => behind.next())).rejects.toMatchObject({ codeName: 'CappedPositionLost' })
  expect(await rest(ahead)).toEqual(['4×2'])
  // Who begins now has lost nothing that it saw.
  expect(await rest(new CommitReader(engine.log, always))).toEqual(['4×2'])
})
