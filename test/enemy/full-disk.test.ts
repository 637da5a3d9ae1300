/** A server whose disk is full refuses writes by name and does everything else; with more space it goes on. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { ask, temporaryFolder, Victim, Watch } from './victim.ts'

const folder = temporaryFolder()

test('on a full disk writes are refused, reads and streams go on, and nothing acknowledged is lost', async ({
  skip,
}) => {
  const path = join(folder, 'small')
  mkdirSync(path)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', path], { encoding: 'utf8' })
  if (mounted.status !== 0) {
    console.warn(`skipped: a small file system cannot be mounted: ${mounted.stderr}`)
    return skip()
  }
  let victim: Victim | undefined
  try {
    victim = await Victim.on(path)
    const client = await victim.connect()
    const live = await Watch.open(await victim.connect(), 'c')
    const stalled = await Watch.open(await victim.connect(), 'c')
    const { operationTime } = await ask(client, { ping: 1 })
    const acknowledged: number[] = []
    let refusal: Document | undefined
    for (let _id = 0; refusal === undefined && _id < 1000; _id++) {
      const reply = await ask(client, { insert: 'c', documents: [{ _id, x: 'x'.repeat(100_000) }] })
      if (reply.ok === 1) acknowledged.push(_id)
      else refusal = reply
    }
    expect(refusal).toMatchObject({
      ok: 0,
      code: 14031,
      codeName: 'OutOfDiskSpace',
      errmsg: expect.stringContaining('no space'),
    })
    expect(acknowledged.length).toBeGreaterThan(20)

    const writes: Document[] = [
      { insert: 'c', documents: [{ _id: 'later' }] },
      { update: 'c', updates: [{ q: { _id: 0 }, u: { $set: { y: 1 } } }] },
      { delete: 'c', deletes: [{ q: { _id: 0 }, limit: 1 }] },
      { findAndModify: 'c', query: { _id: 0 }, update: { $set: { y: 1 } } },
      { create: 'd' },
      { drop: 'c' },
    ]
    for (const write of writes) {
      expect([Object.keys(write)[0], await ask(client, write)]).toMatchObject([
        Object.keys(write)[0],
        { ok: 0, code: 14031 },
      ])
    }

    const idsIn = (events: Document[]) => events.map(event => event.fullDocument._id)
    expect((await ask(client, { distinct: 'c', key: '_id' })).values).toEqual(acknowledged)
    expect(idsIn(await live.take(acknowledged.length))).toEqual(acknowledged)
    expect(idsIn(await stalled.take(acknowledged.length))).toEqual(acknowledged)
    const history = await Watch.open(await victim.connect(), 'c', { startAtOperationTime: operationTime })
    expect(idsIn(await history.take(acknowledged.length))).toEqual(acknowledged)
    expect((await ask(client, { serverStatus: 1 })).asserts.regular).toBe(0)
    // Said once, however many writes were refused. LMDB adds words of its own when a page falls exactly on the disk's end.
    const complaints = victim.complaints.filter(line => !line.includes('Write error: No space left on device'))
    expect(complaints).toEqual([expect.stringContaining('the storage failed')])
    expect(await victim.stop()).toMatchObject({ code: 0, signal: null })

    execFileSync('mount', ['-o', 'remount,size=64m', path])
    victim = await Victim.on(path)
    const again = await victim.connect()
    expect((await ask(again, { distinct: 'c', key: '_id' })).values).toEqual(acknowledged)
    const resumed = await Watch.open(await victim.connect(), 'c', { startAtOperationTime: operationTime })
    expect(await ask(again, { insert: 'c', documents: [{ _id: 'more' }] })).toMatchObject({ ok: 1, n: 1 })
    expect(idsIn(await resumed.take(acknowledged.length + 1))).toEqual([...acknowledged, 'more'])
    expect(await victim.stop()).toMatchObject({ code: 0, signal: null })
  } finally {
    await victim?.stop('SIGKILL')
    spawnSync('umount', [path])
  }
})

test('a server does not start on a disk that is full from the beginning, and says so', async ({ skip }) => {
  const path = join(folder, 'tiny')
  mkdirSync(path)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { encoding: 'utf8' })
  if (mounted.status !== 0) {
    console.warn(`skipped: a small file system cannot be mounted: ${mounted.stderr}`)
    return skip()
  }
  try {
    const ended = await Victim.start(['--port', '0', '--dbpath', path])
    expect(ended).toMatchObject({ code: 100, signal: null, printed: expect.stringContaining(path) })
  } finally {
    spawnSync('umount', [path])
  }
})
