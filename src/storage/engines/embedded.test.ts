/** What the embedded engine finds on the disk when it opens: nothing, its own, somebody else's, and ruins. */
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { StorageFailed } from '../../base/errors.ts'
import { contentOf, k, logOf } from '../engine.suite.ts'
import type { OpenedEngine } from '../engine.ts'
import { engine as embedded } from './embedded.ts'

const root = mkdtempSync(join(tmpdir(), 'tailrace-embedded-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let folderCount = 0
const newFolder = () => join(root, `${(folderCount += 1)}`)

const open = (path: string): Promise<OpenedEngine> =>
  embedded.open({
    path,
    nextTime: previous => previous + 1n,
    newDeploymentId: () => new Uint8Array(16).fill(0xab),
  })

/** A folder with some hundred kilobytes in it, closed properly. */
async function filledFolder(): Promise<string> {
  filled ??= fill(newFolder())
  const path = newFolder()
  cpSync(await filled, path, { recursive: true })
  return path
}

/** What is copied. */
let filled: Promise<string> | undefined

async function fill(path: string): Promise<string> {
  const engine = await open(path)
  for (let round = 0; round < 10; round += 1) {
    await engine.write(transaction => {
      for (let number = 0; number < 50; number += 1) {
        transaction.put('records', k(`${round}.${number}`), Buffer.alloc(number * 50, 'x'))
        transaction.append(Buffer.alloc(500, 'y'))
      }
    })
  }
  await engine.close()
  return path
}

async function isAllThere(path: string): Promise<boolean> {
  const engine = await open(path)
  const snapshot = await engine.snapshot()
  const count = (await contentOf(snapshot, 'records')).length
  snapshot.close()
  const logged = (await logOf(engine)).length
  await engine.close()
  return count === 500 && logged === 500
}

/** Opening it fails, and the error names `file`. */
async function expectRefusal(path: string, file: string, words = ''): Promise<void> {
  const opened = await open(path).then(
    async engine => {
      await engine.close()
      return undefined
    },
    (error: unknown) => error,
  )
  expect(opened).toBeInstanceOf(StorageFailed)
  expect(String(opened)).toContain(join(path, file))
  expect(String(opened)).toContain(words)
}

function overwrite(file: string, offset: number, bytes: Uint8Array): void {
  const opened = openSync(file, 'r+')
  writeSync(opened, bytes, 0, bytes.length, offset)
  closeSync(opened)
}

const garbage = (count: number) =>
  Uint8Array.from({ length: count }, (_, index) => (index * 197 + (index >> 8) * 31 + 5) & 0xff)

describe('making data', () => {
  test('it is made where there is no folder, where there is an empty one, and where there is a mount point', async () => {
    const [absent, empty, mounted] = [join(newFolder(), 'deeper', 'down'), newFolder(), newFolder()]
    mkdirSync(empty)
    mkdirSync(join(mounted, 'lost+found'), { recursive: true })
    writeFileSync(join(mounted, '.keep'), '')
    for (const path of [absent, empty, mounted]) {
      const engine = await open(path)
      expect([...engine.deploymentId]).toEqual(Array.from({ length: 16 }, () => 0xab))
      await engine.close()
      expect(readdirSync(join(path, 'data')).sort()).toEqual(['data.mdb', 'format', 'journal', 'lock.mdb'])
      expect(readdirSync(path).includes('lock')).toBe(false)
    }
  })

  test('what is left of an attempt that was cut off is thrown away', async () => {
    const path = newFolder()
    mkdirSync(join(path, 'data.new'), { recursive: true })
    writeFileSync(join(path, 'data.new', 'data.mdb'), garbage(5000))
    await (await open(path)).close()
    expect(existsSync(join(path, 'data.new'))).toBe(false)
  })

  test('a folder with other things in it is left alone', async () => {
    const path = newFolder()
    mkdirSync(path)
    writeFileSync(join(path, 'thesis.txt'), 'important')
    await expectRefusal(path, 'data', 'thesis.txt')
    expect(readdirSync(path)).toEqual(['thesis.txt'])
  })

  test('a file where the folder should be is refused', async () => {
    const path = newFolder()
    writeFileSync(path, '')
    await expectRefusal(path, '')
  })
})

describe('damage', () => {
  test('an untouched folder opens again', async () => {
    expect(await isAllThere(await filledFolder())).toBe(true)
  })

  test('a file that is cut off is refused, wherever it is cut', async () => {
    const path = await filledFolder()
    const file = join(path, 'data', 'data.mdb')
    for (const bytes of [statSync(file).size - 4096, 150_000, 20_000, 8192, 8000, 4200, 4096, 100, 0]) {
      truncateSync(file, bytes)
      await expectRefusal(path, 'data/data.mdb', 'cut off')
    }
  })

  test('a file of something else is refused', async () => {
    const path = await filledFolder()
    const file = join(path, 'data', 'data.mdb')
    for (const bytes of [garbage(100_000), Buffer.from('SQLite format 3\0'.padEnd(9000)), new Uint8Array(50_000)]) {
      writeFileSync(file, bytes)
      await expectRefusal(path, 'data/data.mdb', 'damaged')
    }
  })

  test('overwritten pages that everything hangs on are noticed', async () => {
    const path = await filledFolder()
    const file = join(path, 'data', 'data.mdb')
    const whole = readFileSync(file)
    // The root page of the names, where the newer meta page has it.
    const metaAt = whole.readBigUInt64LE(24 + 128) > whole.readBigUInt64LE(4096 + 24 + 128) ? 0 : 4096
    const namesRoot = Number(whole.readBigUInt64LE(metaAt + 24 + 112)) * 4096
    const freeRoot = Number(whole.readBigUInt64LE(metaAt + 24 + 64)) * 4096
    for (const offset of [0, 16, 4096, 4096 + 24, freeRoot, namesRoot, namesRoot + 18]) {
      writeFileSync(file, whole)
      overwrite(file, offset, garbage(300))
      await expectRefusal(path, 'data/data.mdb', 'damaged')
    }
    writeFileSync(file, whole)
    expect(await isAllThere(path)).toBe(true)
  })

  test("another data version of LMDB's is refused", async () => {
    const path = await filledFolder()
    overwrite(join(path, 'data', 'data.mdb'), 28, Uint8Array.of(1))
    await expectRefusal(path, 'data/data.mdb', 'version 1')
  })

  test('a file may end before the last page that was ever given out', async () => {
    const path = await filledFolder()
    const file = join(path, 'data', 'data.mdb')
    for (const page of [0, 4096]) {
      const lastPage = Buffer.alloc(8)
      lastPage.writeBigUInt64LE(BigInt(statSync(file).size / 4096 + 5))
      overwrite(file, page + 24 + 120, lastPage)
    }
    expect(await isAllThere(path)).toBe(true)
  })

  test('a missing file is refused, not made anew', async () => {
    for (const file of ['data/data.mdb', 'data/format', 'data/journal']) {
      const path = await filledFolder()
      rmSync(join(path, file))
      await expectRefusal(path, file)
    }
    const path = await filledFolder()
    rmSync(join(path, 'data', 'lock.mdb'))
    expect(await isAllThere(path)).toBe(true)
  })

  test('a format that is not ours is refused', async () => {
    const path = await filledFolder()
    const file = join(path, 'data', 'format')
    const format = JSON.parse(readFileSync(file, 'utf8'))
    expect(format).toEqual({ format: 'tailrace-lmdb', version: 3, deploymentId: 'ab'.repeat(16) })
    const others = ['', 'nonsense', '3', 'null', '{}', { ...format, format: 'x' }, { ...format, version: 4 }]
    for (const other of [...others, { ...format, deploymentId: 'ab' }]) {
      writeFileSync(file, typeof other === 'string' ? other : JSON.stringify(other))
      await expectRefusal(path, 'data/format')
    }
    writeFileSync(file, JSON.stringify({ ...format, version: 2 }))
    await expectRefusal(path, 'data/format', 'version 2')
  })

  test('a refused folder is nobody’s: it opens when the damage is undone', async () => {
    const path = await filledFolder()
    const file = join(path, 'data', 'data.mdb')
    const whole = readFileSync(file)
    truncateSync(file, 5000)
    await expectRefusal(path, 'data/data.mdb')
    expect(existsSync(join(path, 'lock'))).toBe(false)
    writeFileSync(file, whole)
    expect(await isAllThere(path)).toBe(true)
  })
})

describe('the lock', () => {
  const withLock = async (content: string) => {
    const path = await filledFolder()
    writeFileSync(join(path, 'lock'), content)
    return path
  }

  test('a living process keeps others out, and is named', async () => {
    const path = await withLock(JSON.stringify({ pid: process.ppid }))
    await expectRefusal(path, 'lock', `process ${process.ppid}`)
    expect(readFileSync(join(path, 'lock'), 'utf8')).toContain(`${process.ppid}`)
  })

  test('this process keeps itself out', async () => {
    const path = newFolder()
    const engine = await open(path)
    await expectRefusal(path, 'lock', 'this process')
    await engine.close()
  })

  test('a process that is no more does not', async () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    expect(await isAllThere(await withLock(JSON.stringify({ pid })))).toBe(true)
  })

  test('nor does one whose number is somebody else’s by now, as everyone is number 1 in a container', async ({
    skip,
  }) => {
    if (!existsSync('/proc/self/stat')) return skip('there is no /proc here that says when a process began')
    for (const pid of [process.pid, process.ppid]) {
      expect(await isAllThere(await withLock(JSON.stringify({ pid, started: 'another boot 12345' })))).toBe(true)
    }
  })

  test('nor does a lock that says nothing', async () => {
    for (const content of ['', 'nonsense', '{"pid":-1}', '{"pid":"1"}', 'null']) {
      expect(await isAllThere(await withLock(content))).toBe(true)
    }
  })

  test('closing does not take away a lock that is somebody else’s by now', async () => {
    const path = newFolder()
    const engine = await open(path)
    writeFileSync(join(path, 'lock'), 'somebody else')
    await engine.close()
    expect(readFileSync(join(path, 'lock'), 'utf8')).toBe('somebody else')
  })
})

describe('the log on the disk', () => {
  test('what is no longer in memory is read from there, and the two meet without a gap', async () => {
    const path = newFolder()
    const first = await open(path)
    for (let number = 1; number <= 30; number += 1) {
      await first.write(transaction => transaction.append(k(`${number}`)))
    }
    await first.close()
    const engine = await open(path)
    for (let number = 31; number <= 60; number += 1) {
      await engine.write(transaction => transaction.append(k(`${number}`)))
    }
    for (let after = 0; after <= 60; after += 1) {
      let position = { time: BigInt(after), index: 0 }
      const read: number[] = []
      for (;;) {
        const entries = await engine.log.readAfter(position, { bytesMax: 30 })
        if (entries.length === 0) break
        read.push(...entries.map(entry => Number(Buffer.from(entry.bytes).toString())))
        position = entries.at(-1)?.position ?? position
      }
      expect(read).toEqual(Array.from({ length: 60 - after }, (_, index) => after + 1 + index))
    }
    for (let before = 1; before <= 61; before += 1) {
      let position = { time: BigInt(before), index: 0 }
      const read: number[] = []
      for (;;) {
        const entries = await engine.log.readBefore(position, { bytesMax: 7 })
        if (entries.length === 0) break
        read.push(...entries.map(entry => Number(Buffer.from(entry.bytes).toString())))
        position = entries.at(-1)?.position ?? position
      }
      expect(read).toEqual(Array.from({ length: before - 1 }, (_, index) => before - 1 - index))
    }
    expect(engine.log.bytes).toBe(9 + 51 * 2)
    await engine.close()
  })
})
