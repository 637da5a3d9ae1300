/** What a process that was killed leaves, and what the engine makes of it: LMDB's file as it was some time ago, and the journal. */
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { journaledBytesMax } from '../../base/limits.ts'
import { type Image, imageOf, writeImage } from '../embedded/image.suite.ts'
import { readRecords } from '../embedded/journal-record.ts'
import { roundBytesMin } from '../embedded/journal.ts'
import { catalogVersionOf, contentOf, k, logOf, show } from '../engine.suite.ts'
import type { LogEntry, OpenedEngine, Position, Snapshot } from '../engine.ts'
import { engine as embedded } from './embedded.ts'

const root = mkdtempSync(join(tmpdir(), 'tailrace-journaled-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let folderCount = 0
const newFolder = () => join(root, `${(folderCount += 1)}`)
const open = (path: string): Promise<OpenedEngine> =>
  embedded.open({ path, nextTime: previous => previous + 1n, newDeploymentId: () => new Uint8Array(16) })

/** A folder with these files. */
function folderOf(image: Image): string {
  const path = newFolder()
  writeImage(path, image)
  return path
}

/** Write n: what it does follows from n, so n says what everything must look like. `bytes` are those of its value. */
const write = (engine: OpenedEngine, number: number, bytes = number * 7) =>
  engine.write(transaction => {
    const before = transaction.get('meta', k('count'))
    if (!(before instanceof Promise)) expect(show(before) ?? '0').toBe(`${number - 1}`)
    transaction.put('meta', k('count'), k(`${number}`))
    if (number % 7 === 0) transaction.delete('records', k(`${number % 20}`))
    else transaction.put('records', k(`${number % 20}`), Buffer.alloc(bytes, `${number}.`))
    for (let index = 0; index <= number % 3; index += 1) transaction.append(k(`${number}-${index}`))
  })

async function writeUpTo(engine: OpenedEngine, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number += 1) await write(engine, number)
}

function recordsAfter(count: number): string[] {
  const records = new Map<string, string>()
  for (let number = 1; number <= count; number += 1) {
    if (number % 7 === 0) records.delete(`${number % 20}`)
    else records.set(`${number % 20}`, Buffer.alloc(number * 7, `${number}.`).toString())
  }
  return [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`)
}

/** The log from commit `from` to commit `count`. */
const logBetween = (from: number, count: number): string[] =>
  Array.from({ length: Math.max(count - from + 1, 0) }, (_, index) => from + index).flatMap(number =>
    Array.from({ length: 1 + (number % 3) }, (_, index) => `${number}.${index}:${number}-${index}`),
  )

/** Checks that records, log and position tell of the same writes. Resolves with their number. */
async function countIn(engine: OpenedEngine, oldest = 1): Promise<number> {
  const snapshot = await engine.snapshot()
  const count = Number(show(await snapshot.get('meta', k('count'))) ?? '0')
  expect(await contentOf(snapshot, 'records')).toEqual(recordsAfter(count))
  expect(await logOf(engine)).toEqual(logBetween(oldest, count))
  const last = count === 0 ? { time: 0n, index: 0 } : { time: BigInt(count), index: count % 3 }
  expect([snapshot.position, engine.log.newest]).toEqual([last, last])
  expect(engine.log.oldest.time).toBe(count === 0 ? 0n : BigInt(oldest))
  snapshot.close()
  return count
}

/** The same for a folder, which can be written to as well. */
async function countAt(path: string, oldest = 1): Promise<number> {
  const engine = await open(path)
  const count = await countIn(engine, oldest)
  await write(engine, count + 1)
  await engine.close()
  const again = await open(path)
  expect(await countIn(again, oldest)).toBe(count + 1)
  await again.close()
  return count
}

/** How many records of the journal are in an image, needed or not. */
const recordCount = ({ journal }: Image) => readRecords(journal, 0n).length

test('a process killed at any moment leaves all that was acknowledged', async () => {
  const path = newFolder()
  const engine = await open(path)
  const images: [number, Image][] = [[0, imageOf(path)]]
  for (let number = 1; number <= 60; number += 1) {
    await write(engine, number)
    if (number % 6 === 1) images.push([number, imageOf(path)])
  }
  await engine.close()
  images.push([60, imageOf(path)])
  for (const [count, image] of images) expect(await countAt(folderOf(image))).toBe(count)
})

test('LMDB may have got as far as it likes: what it lacks is in the journal', async () => {
  const path = newFolder()
  const engine = await open(path)
  const images = [imageOf(path)]
  for (let number = 1; number <= 100; number += 1) {
    await write(engine, number)
    const image = imageOf(path)
    if (images.at(-1)?.data.equals(image.data) === false) images.push(image)
  }
  await engine.close()
  const last = imageOf(path)
  // So little that no place was used again.
  expect([recordCount(last), images.length > 1]).toEqual([100, true])
  for (const { data } of [...images, last]) expect(await countAt(folderOf({ ...last, data }))).toBe(100)
})

describe('a journal with twelve groups that LMDB has none of', () => {
  const twelve = async (): Promise<Image> => {
    const path = newFolder()
    const engine = await open(path)
    const { data } = imageOf(path)
    await writeUpTo(engine, 1, 12)
    await engine.close()
    return { ...imageOf(path), data }
  }

  test('cut off anywhere, it has a first part of them, whole ones only', async () => {
    const image = await twelve()
    const ends = readRecords(image.journal, 0n).map(({ end }) => end)
    const cuts = ends.flatMap(end => [end - 1, end, end + 1]).concat(24, 30, 47, 48)
    for (const cut of cuts.filter(at => at <= image.journal.length)) {
      const journal = image.journal.subarray(0, cut)
      expect(await countAt(folderOf({ ...image, journal }))).toBe(ends.filter(end => end <= cut).length)
    }
  })

  test('with a bit that is wrong before the last, it is refused by its name; in the last, which nobody was told of, not', async () => {
    const image = await twelve()
    const records = readRecords(image.journal, 0n)
    for (const { number, at } of records) {
      const journal = Buffer.from(image.journal)
      journal.writeUInt8(journal.readUInt8(at + 30) ^ 16, at + 30)
      const path = folderOf({ ...image, journal })
      if (number === 12n) expect(await countAt(path)).toBe(11)
      else await expect(open(path)).rejects.toThrow(`${join(path, 'data', 'journal')} is damaged or missing`)
    }
  })

  test('opened and killed, again and again, it is the same', async () => {
    let image = await twelve()
    for (let kill = 0; kill < 4; kill += 1) {
      const path = folderOf(image)
      const engine = await open(path)
      const atOnce = imageOf(path)
      expect(await countIn(engine)).toBe(12)
      const afterReading = imageOf(path)
      await engine.close()
      for (const each of [atOnce, afterReading, imageOf(path)]) expect(await countAt(folderOf(each))).toBe(12)
      image = atOnce
    }
  })

  test('its head is not written over while it is needed', async () => {
    const path = folderOf(await twelve())
    const engine = await open(path)
    await writeUpTo(engine, 13, 20)
    const image = imageOf(path)
    await engine.close()
    expect([recordCount(image), await countAt(folderOf(image))]).toEqual([20, 20])
  })
})

describe('what goes to LMDB itself', () => {
  /** The number of the last record of the journal. */
  const lastRecord = (image: Image) => Number(readRecords(image.journal, 0n).at(-1)?.number ?? 0n)

  test('a group that is too much for the journal, between others: order is kept, and all is there after a kill', async () => {
    const path = newFolder()
    const engine = await open(path)
    const before = imageOf(path)
    await writeUpTo(engine, 1, 5)
    const large = k('l'.repeat(journaledBytesMax + 1))
    await engine.write(transaction => {
      transaction.put('index', k('large'), large)
      transaction.put('index', k('who'), k('large'))
    })
    const behind = imageOf(path)
    await engine.write(transaction => transaction.put('index', k('who'), k('last')))
    await writeUpTo(engine, 6, 8)
    const end = imageOf(path)
    await engine.close()
    expect([lastRecord(behind), lastRecord(end), behind.journal.length < roundBytesMin]).toEqual([5, 9, true])
    expect(before.data.length).toBeLessThan(large.length)
    for (const [image, count, who] of [
      [behind, 5, 'large'],
      [end, 8, 'last'],
    ] as const) {
      const found = await open(folderOf(image))
      expect(await countIn(found)).toBe(count)
      const snapshot = await found.snapshot()
      expect(show(await snapshot.get('index', k('who')))).toBe(who)
      expect((await snapshot.get('index', k('large')))?.length).toBe(large.length)
      snapshot.close()
      await found.close()
    }
  })

  test('a truncation of the log, between others', async () => {
    const path = newFolder()
    const engine = await open(path)
    await writeUpTo(engine, 1, 9)
    await engine.log.truncateBefore(5n)
    const behind = imageOf(path)
    expect(await countIn(engine, 5)).toBe(9)
    await writeUpTo(engine, 10, 12)
    const end = imageOf(path)
    const all = [engine.log.truncateBefore(12n), write(engine, 13), engine.log.truncateBefore(8n), write(engine, 14)]
    await Promise.all(all)
    const last = imageOf(path)
    await engine.close()
    for (const [image, count, oldest] of [
      [behind, 9, 5],
      [end, 12, 5],
      [last, 14, 12],
    ] as const) {
      expect(await countAt(folderOf(image), oldest)).toBe(count)
    }
  })
})

describe('the log, of which LMDB has a part and the journal the rest', () => {
  /** LMDB has 6 commits, the journal the 6 behind them. */
  async function halved(): Promise<OpenedEngine> {
    const path = newFolder()
    const first = await open(path)
    await writeUpTo(first, 1, 6)
    await first.close()
    const { data } = imageOf(path)
    const second = await open(path)
    await writeUpTo(second, 7, 12)
    await second.close()
    return open(folderOf({ ...imageOf(path), data }))
  }
  const shown = ({ position: { time, index }, bytes }: LogEntry) => `${time}.${index}:${show(bytes)}`
  const all = logBetween(1, 12)
  const positionOf = (entry: string): Position => {
    const [time = '', index = ''] = entry.split(':')[0]?.split('.') ?? []
    return { time: BigInt(time), index: Number(index) }
  }

  test('is read over the border without a hole and without a repetition, from everywhere and in steps of any size', async () => {
    const engine = await halved()
    for (const bytesMax of [1, 4, 7, 10, 13, 30, 1000]) {
      for (const [index, entry] of all.entries()) {
        for (const isForward of [true, false]) {
          const read: string[] = []
          for (let position = positionOf(entry); ;) {
            const found = await engine.log[isForward ? 'readAfter' : 'readBefore'](position, { bytesMax })
            const last = found.at(-1)
            if (last === undefined) break
            read.push(...found.map(shown))
            position = last.position
          }
          expect(read).toEqual(isForward ? all.slice(index + 1) : all.slice(0, index).reverse())
        }
      }
    }
    await engine.close()
  })

  test('gives each entry by its position, and nothing for a place between', async () => {
    const engine = await halved()
    for (const entry of all) {
      const { time, index } = positionOf(entry)
      const found = await engine.log.get({ time, index })
      expect(found && shown(found)).toBe(entry)
      expect(await engine.log.get({ time, index: index + 3 })).toBe(undefined)
    }
    expect(await engine.log.get({ time: 13n, index: 0 })).toBe(undefined)
    await engine.close()
  })

  test('counts what is behind a position, exactly from the border on', async () => {
    const engine = await halved()
    const border = all.findIndex(entry => entry.startsWith('7.')) - 1
    for (const [index, entry] of all.entries()) {
      const { count, isExact } = engine.log.countAfter(positionOf(entry))
      expect(isExact).toBe(index >= border)
      expect(count).toBe(all.length - 1 - Math.max(index, border))
    }
    expect(engine.log.bytes).toBe(all.reduce((bytes, entry) => bytes + (entry.split(':')[1]?.length ?? 0), 0))
    await engine.close()
  })

  test('what a reader saw stays so while the journal goes into LMDB', async () => {
    const engine = await halved()
    const held = await engine.snapshot()
    const before = await contentOf(held, 'records')
    await write(engine, 13)
    // It waits for everything before it to be in LMDB.
    await engine.log.truncateBefore(4n)
    expect(await contentOf(held, 'records')).toEqual(before)
    expect(held.position).toEqual({ time: 12n, index: 0 })
    held.close()
    expect(await countIn(engine, 4)).toBe(13)
    await engine.close()
  })
})

test('snapshots of any moment read the same after any number of checkpoints', async () => {
  const path = newFolder()
  const engine = await open(path)
  const held: [Snapshot, number][] = []
  for (let number = 1; number <= 80; number += 1) {
    await write(engine, number)
    if (number % 9 === 0) held.push([await engine.snapshot(), number])
  }
  await engine.log.truncateBefore(2n)
  for (const [snapshot, count] of held) {
    expect(await contentOf(snapshot, 'records')).toEqual(recordsAfter(count))
    expect(snapshot.position.time).toBe(BigInt(count))
    snapshot.close()
  }
  await engine.close()
})

test('a group that is too much for the journal and changes the catalog gives that another version', async () => {
  const engine = await open(newFolder())
  const before = await catalogVersionOf(engine)
  await engine.write(transaction => transaction.put('records', k('large'), Buffer.alloc(journaledBytesMax + 1)))
  expect(await catalogVersionOf(engine)).toBe(before)
  await engine.write(transaction => {
    transaction.put('records', k('large'), Buffer.alloc(journaledBytesMax + 1))
    transaction.put('catalog', k('a'), k('1'))
  })
  expect(await catalogVersionOf(engine)).not.toBe(before)
  await engine.close()
})

test('the journal of a long-lived engine stays small, and is used again from its beginning', async () => {
  const path = newFolder()
  const engine = await open(path)
  const value = Buffer.alloc(300_000, 'v')
  for (let number = 1; number <= 60; number += 1) {
    await engine.write(transaction => {
      transaction.put('records', k(`${number % 3}`), value)
      transaction.append(k(`${number}`))
    })
  }
  const image = imageOf(path)
  await engine.close()
  expect(statSync(join(path, 'data', 'journal')).size).toBeLessThan(roundBytesMin + 2 * journaledBytesMax)
  const copy = await open(folderOf(image))
  expect((await logOf(copy)).length).toBe(60)
  await copy.close()
})

test('a copy of a folder that was closed opens, and is a folder of its own', async () => {
  const path = newFolder()
  const engine = await open(path)
  await writeUpTo(engine, 1, 10)
  await engine.close()
  const copy = newFolder()
  cpSync(path, copy, { recursive: true })
  expect([await countAt(path), await countAt(copy)]).toEqual([10, 10])
})
