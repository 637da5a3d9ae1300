/** What is wrong before a server has started ends it: with words that name what is wrong, an exit code, and never a signal. */
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { ask, temporaryFolder, Victim } from './victim.ts'

let folder: string
let whole: string
beforeAll(async () => {
  folder = temporaryFolder()
  whole = join(folder, 'whole')
  const victim = await Victim.on(whole)
  const client = await victim.connect()
  for (let _id = 0; _id < 50; _id++) {
    expect(await ask(client, { insert: 'c', documents: [{ _id, x: 'x'.repeat(20_000) }] })).toMatchObject({ ok: 1 })
  }
  expect(await victim.stop()).toMatchObject({ code: 0 })
})

let count = 0
/** A copy of good data, to be damaged. */
function copyOfData(): string {
  const copy = join(folder, `copy-${count++}`)
  cpSync(whole, copy, { recursive: true })
  return copy
}

/** Starts a server that must not start. */
async function expectRefusal(args: readonly string[], { code, words }: { code: number; words: string }): Promise<void> {
  const ended = await Victim.start(args)
  if (ended instanceof Victim) {
    await ended.stop()
    throw new Error('it has started')
  }
  expect(ended.printed).toContain(words)
  // One line for people, and no stack.
  expect(ended.printed).not.toContain('    at ')
  expect([ended.code, ended.signal]).toEqual([code, null])
}

const overwrite = (path: string, at: number, bytes: Uint8Array): void => {
  const content = readFileSync(path)
  content.set(bytes, at)
  writeFileSync(path, content)
}
const data = (path: string) => join(path, 'data', 'data.mdb')
const journal = (path: string) => join(path, 'data', 'journal')
const format = (path: string) => join(path, 'data', 'format')
const formatOf = (fields: object) => (path: string) =>
  writeFileSync(format(path), JSON.stringify({ ...JSON.parse(readFileSync(format(path), 'utf8')), ...fields }))

describe('damaged data', () => {
  test.concurrent.each<[string, (path: string) => void, string]>([
    ['no format file', path => rmSync(format(path)), 'data/format'],
    ['an empty format file', path => truncateSync(format(path), 0), 'data/format'],
    ['half a format file', path => truncateSync(format(path), 20), 'data/format'],
    ['a format file of another program', path => writeFileSync(format(path), '"WiredTiger"'), 'data/format'],
    ['a format file that is null', path => writeFileSync(format(path), 'null'), 'data/format'],
    ['a format of the future', formatOf({ version: 99 }), 'data/format'],
    ['a format without a deployment id', formatOf({ deploymentId: 7 }), 'data/format'],
    ['no data file', path => rmSync(data(path)), 'data/data.mdb'],
    ['an empty data file', path => truncateSync(data(path), 0), 'data/data.mdb'],
    ['half a data file', path => truncateSync(data(path), statSync(data(path)).size / 2), 'data/data.mdb'],
    ['a data file of two pages', path => truncateSync(data(path), 8192), 'data/data.mdb'],
    ['a data file of a page and a bit', path => truncateSync(data(path), 5000), 'data/data.mdb'],
    ['a text file in its place', path => copyFileSync(import.meta.filename, data(path)), 'data/data.mdb'],
    ['zeros where the meta pages are', path => overwrite(data(path), 0, Buffer.alloc(8192)), 'data/data.mdb'],
    ['a folder in its place', path => (rmSync(data(path)), mkdirSync(data(path))), 'data/data.mdb'],
    ['no journal', path => rmSync(journal(path)), 'data/journal'],
    ['an empty journal', path => truncateSync(journal(path), 0), 'data/journal'],
    ['half the head of a journal', path => truncateSync(journal(path), 12), 'data/journal'],
    ['a text in place of the journal', path => copyFileSync(import.meta.filename, journal(path)), 'data/journal'],
    ['a folder in place of the journal', path => (rmSync(journal(path)), mkdirSync(journal(path))), 'data/journal'],
    ['zeros over the head of the journal', path => overwrite(journal(path), 0, Buffer.alloc(24)), 'data/journal'],
    ['a journal of the future', path => overwrite(journal(path), 7, Uint8Array.of(2)), 'version 2'],
    [
      'a data folder that is gone, beside something else',
      path => (rmSync(join(path, 'data'), { recursive: true }), writeFileSync(join(path, 'other'), '')),
      'data is missing',
    ],
    [
      'a file where the folder should be',
      path => (rmSync(path, { recursive: true }), writeFileSync(path, '')),
      'copy-',
    ],
  ])('%s', async (_, damage, words) => {
    const path = copyOfData()
    damage(path)
    await expectRefusal(['--port', '0', '--dbpath', path], { code: 100, words })
  })

  test.concurrent.each<[string, (path: string) => void]>([
    ['a lock of a process that is no more', path => writeFileSync(join(path, 'lock'), '{"pid":99999999}')],
    ['a lock that says nothing', path => writeFileSync(join(path, 'lock'), 'garbage')],
    [
      'a table of readers that is garbage',
      path => writeFileSync(join(path, 'data', 'lock.mdb'), Buffer.alloc(5000, 7)),
    ],
    ['a journal that ends behind its head', path => truncateSync(journal(path), 24)],
    [
      'garbage behind the head of the journal',
      path => overwrite(journal(path), 24, Buffer.alloc(400_000, 'trjl\0\xff')),
    ],
    ['no table of readers', path => rmSync(join(path, 'data', 'lock.mdb'))],
    ['data that was half made', path => mkdirSync(join(path, 'data.new'))],
  ])('%s does no harm', async (_, damage) => {
    const path = copyOfData()
    damage(path)
    const victim = await Victim.on(path)
    const client = await victim.connect()
    expect((await ask(client, { count: 'c' })).n).toBe(50)
    expect(await ask(client, { insert: 'c', documents: [{ _id: 'more' }] })).toMatchObject({ ok: 1, n: 1 })
    expect(await victim.stop()).toMatchObject({ code: 0 })
  })
})

/** A page is 4 KiB; the first two are meta pages. */
const pageBytes = 4096
type Harm = readonly [name: string, harm: (page: Buffer, seed: number) => void]
const harms: readonly Harm[] = [
  ['zeros', page => page.fill(0)],
  ['noise', (page, seed) => page.forEach((_, at) => (page[at] = Math.imul(at + seed, 2_654_435_761) >>> 24))],
  ['the number of another page', (page, seed) => page.writeUInt32LE((seed * 7) % 100, 0)],
  ['nodes that begin elsewhere', (page, seed) => page.writeUInt16LE((seed * 1237) % 65_536, 24)],
  ['more nodes than there are', page => page.writeUInt16LE(page.readUInt16LE(20) + 40, 20)],
  [
    'a node that is too long',
    page => page.writeUInt16LE(0xffff, Math.min(24 + page.readUInt16LE(24) + 6, pageBytes - 2)),
  ],
]

describe('a data file that is damaged somewhere', () => {
  test.concurrent.each(harms)(
    '%s: it is refused, or serves what is whole, and does not end',
    async (_, harm) => {
      for (const seed of [1, 2]) {
        const path = copyOfData()
        const bytes = readFileSync(data(path))
        const pageCount = bytes.length / pageBytes
        for (let hit = 0; hit < 3; hit++) {
          const at = (2 + ((seed * 31 + hit * 17) % (pageCount - 2))) * pageBytes
          harm(bytes.subarray(at, at + pageBytes), seed)
        }
        writeFileSync(data(path), bytes)
        const victim = await Victim.start(['--port', '0', '--dbpath', path])
        if (!(victim instanceof Victim)) {
          expect([victim.code, victim.signal]).toEqual([100, null])
          expect(victim.printed).toContain('data/data.mdb is damaged')
          continue
        }
        const client = await victim.connect()
        const commands = [
          { count: 'c', query: { x: 'y' } },
          { insert: 'c', documents: [{}] },
          { delete: 'c', deletes: [{ q: {}, limit: 0 }] },
        ]
        for (const command of commands) expect((await ask(client, command)).code).not.toBe(1)
        expect(await victim.stop()).toMatchObject({ signal: null })
      }
    },
    60_000,
  )

  test('what is damaged while it is open fails by the name of the file', async () => {
    const path = copyOfData()
    const victim = await Victim.on(path)
    const client = await victim.connect()
    const bytes = readFileSync(data(path))
    bytes.fill(0, 2 * pageBytes)
    writeFileSync(data(path), bytes, { flag: 'r+' })
    const reply = await ask(client, { find: 'c' })
    expect(reply).toMatchObject({ ok: 0, code: 96, codeName: 'OperationFailed' })
    expect(reply.errmsg).toContain('data.mdb is damaged or cannot be read')
    await victim.stop('SIGKILL')
  })
})

test('a second server on the same data is refused, and the first goes on', async () => {
  const path = copyOfData()
  const victim = await Victim.on(path)
  await expectRefusal(['--port', '0', '--dbpath', path], { code: 100, words: `in use by process ${victim.child.pid}` })
  expect((await ask(await victim.connect(), { count: 'c' })).n).toBe(50)
  expect(await victim.stop()).toMatchObject({ code: 0 })
})

test('a port or a socket that somebody has is named', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const path = copyOfData()
  await expectRefusal(['--port', String(port), '--dbpath', path], { code: 48, words: `127.0.0.1:${port}` })
  const socket = join(folder, 'taken.sock')
  const other = createServer().listen(socket)
  await once(other, 'listening')
  await expectRefusal(['--port', '0', '--unixSocket', socket, '--dbpath', path], { code: 48, words: socket })
  const notThere = join(folder, 'nowhere', 'x.sock')
  await expectRefusal(['--port', '0', '--unixSocket', notThere, '--dbpath', path], { code: 48, words: notThere })
  await expectRefusal(['--port', '0', '--bind_ip', '203.0.113.7', '--insecure', '--dbpath', path], {
    code: 48,
    words: '203.0.113.7',
  })
  taken.close()
  other.close()
  // Nobody has taken the data along.
  const victim = await Victim.on(path)
  expect(await victim.stop()).toMatchObject({ code: 0 })
})

test.concurrent.each<[string[], string]>([
  [['--port', '65536'], '--port'],
  [['--port', '-1'], '--port'],
  [['--port', 'x'], '--port'],
  [['--port', ''], '--port'],
  [['--storage', 'paper'], '--storage'],
  [['--oplogSizeMB', 'much'], '--oplogSizeMB'],
  [['--oplogMinRetentionHours', '-1'], '--oplogMinRetentionHours'],
  [['--setParameter', 'x'], '--setParameter'],
  [['--setParameter', 'nothing=1'], '--setParameter'],
  [['--setParameter', 'enableTestCommands=maybe'], 'enableTestCommands'],
  [['--nothing'], '--nothing'],
  [['--port'], '--port'],
  [['--replSet', ''], '--replSet'],
  [['--advertise', ''], '--advertise'],
  [['--advertise', 'host'], '--advertise'],
  [['--bind_ip', ''], '--bind_ip'],
  [['--bind_ip', '0.0.0.0'], '--insecure'],
  [['--bind_ip', '::'], '--insecure'],
  [['--bind_ip', '127.0.0.1,10.0.0.1'], '--insecure'],
  [['--bind_ip', '127.0.0.1.example.com'], '--insecure'],
  [['surplus'], 'argument'],
])('flags %j are refused', async (flags, words) => {
  await expectRefusal(['--dbpath', join(folder, 'flags'), ...flags], { code: 2, words })
})
