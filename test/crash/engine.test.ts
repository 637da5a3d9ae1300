/**
 * The embedded engine in processes of its own, which are killed, starved of disk and slowed down. They run what `npm run build` made.
 *
 * A kill leaves the page cache as it is, so this says nothing of power cuts: that an acknowledgement waits for the disk is what the
 * slowed sync shows.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readTrace, traceArguments } from './disk-trace.ts'
import { check } from './written.ts'

const here = import.meta.dirname
const root = mkdtempSync(join(tmpdir(), 'tailrace-crash-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const isBuilt = existsSync(join(here, '../../dist/storage/engines/embedded.js'))

function skipped(skip: (reason: string) => never, reason: string): never {
  console.warn(`skipped: ${reason}`)
  return skip(reason)
}

/** Lets a writer run, and kills it so long after it began to open or to write. Resolves with the greatest acknowledged number. */
async function killedWriter(
  path: string,
  { afterMs, of, size = 1 }: { afterMs: number; of: 'opening' | 'writing'; size?: number },
): Promise<number> {
  const child = spawn(process.execPath, [join(here, 'writer.mjs'), path, '8', `${size}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  let acknowledged = 0
  let killing = false
  child.stdout.setEncoding('latin1')
  child.stdout.on('data', (chunk: string) => {
    const lines = (output + chunk).split('\n')
    output = lines.pop() ?? ''
    acknowledged = Math.max(acknowledged, ...lines.map(Number))
    if (killing || (of === 'writing' && acknowledged === 0)) return
    killing = true
    setTimeout(() => child.kill('SIGKILL'), afterMs)
  })
  const [code, signal] = await once(child, 'close')
  expect([code, signal]).toEqual([null, 'SIGKILL'])
  return acknowledged
}

test('whenever a writer is killed, everything acknowledged is there, and the log has no hole', async ({ skip }) => {
  if (!isBuilt) return skipped(skip, 'there is no dist/; npm run build')
  const path = join(root, 'killed')
  let acknowledged = 0
  for (let kill = 0; kill < 25; kill += 1) {
    acknowledged = Math.max(acknowledged, await killedWriter(path, { afterMs: Math.random() * 150, of: 'writing' }))
    const count = await check(path)
    expect(count).toBeGreaterThanOrEqual(acknowledged)
    acknowledged = count
  }
  expect(acknowledged).toBeGreaterThan(25)
}, 120_000)

test('the same where every few writes are a checkpoint, or are too much for the journal', async ({ skip }) => {
  if (!isBuilt) return skipped(skip, 'there is no dist/; npm run build')
  for (const size of [100, 1000]) {
    const path = join(root, `killed-${size}`)
    let acknowledged = 0
    for (let kill = 0; kill < 8; kill += 1) {
      const killed = await killedWriter(path, { afterMs: Math.random() * 200, of: 'writing', size })
      const count = await check(path, size)
      expect(count).toBeGreaterThanOrEqual(Math.max(acknowledged, killed))
      acknowledged = count
    }
  }
}, 120_000)

test('what is found in the journal is on the disk before anybody is shown it', ({ skip }) => {
  if (!isBuilt) return skipped(skip, 'there is no dist/; npm run build')
  if (spawnSync('strace', ['-V']).status !== 0) return skipped(skip, 'there is no strace here to kill at an fdatasync')
  const path = join(root, 'unsynced')
  const injected = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:signal=KILL:when=1']
  const writer = [process.execPath, join(here, 'writer.mjs'), path, '1', '1', '1']
  const killed = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', ...injected, ...writer], { encoding: 'utf8' })
  // The journal had it, and the first checkpoint did not get through.
  expect(killed.stdout).toBe('0\n1\n')

  const trace = join(root, 'unsynced.trace')
  const program = [process.execPath, join(here, 'open.mjs'), path]
  expect(execFileSync('strace', [...traceArguments(trace), ...program], { encoding: 'utf8' })).toBe('newest 3\n')
  const steps = readTrace(trace)
  const shown = steps.findIndex(step => step.kind === 'printed')
  const written = steps.findIndex(step => step.kind === 'write' && step.path.endsWith('/data/journal'))
  const synced = steps.findIndex(step => step.kind === 'sync' && step.path.endsWith('/data/journal') && step.upTo === 1)
  expect([written >= 0, written < synced, synced < shown]).toEqual([true, true, true])
}, 60_000)

test('whenever a process is killed while it makes new data, the next one opens', async ({ skip }) => {
  if (!isBuilt) return skipped(skip, 'there is no dist/; npm run build')
  for (let kill = 0; kill < 12; kill += 1) {
    const path = join(root, `made-${kill}`)
    const acknowledged = await killedWriter(path, { afterMs: Math.random() * 30, of: 'opening' })
    expect(await check(path)).toBeGreaterThanOrEqual(acknowledged)
  }
}, 120_000)

test('nothing is readable, announced or acknowledged before it is on the disk', ({ skip }) => {
  if (!isBuilt) return skipped(skip, 'there is no dist/; npm run build')
  if (spawnSync('strace', ['-V']).status !== 0) return skipped(skip, 'there is no strace here to hold up the disk')
  const heldUpMs = 200
  const calls = 'pwrite64,fdatasync'
  const inject = `inject=${calls}:delay_enter=${heldUpMs * 1000}`
  const script = [process.execPath, join(here, 'slow-sync.mjs'), join(root, 'slow')]
  const output = execFileSync('strace', [
    '-f',
    '-qq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${calls}`,
    '-e',
    inject,
    ...script,
  ])
  // The second write is made while a checkpoint is held up.
  for (const seenMs of JSON.parse(output.toString()) as Record<string, number>[]) {
    expect(Object.keys(seenMs).sort()).toEqual(['acknowledged', 'announced', 'logged', 'readable'])
    for (const ms of Object.values(seenMs)) expect(ms).toBeGreaterThan(heldUpMs)
  }
}, 60_000)

test('a disk that fails refuses the write and all later ones, and what it had acknowledged is read, now and later', async ({
  skip,
}) => {
  if (!isBuilt) return skipped(skip, 'there is no dist/; npm run build')
  if (spawnSync('strace', ['-V']).status !== 0) return skipped(skip, 'there is no strace here to let calls fail')
  // What brings each of the two files to the disk. LMDB's writes are let alone: its C code dies of some that fail.
  const calls = [
    ['pwrite64', 'journal'],
    ['fdatasync', 'data.mdb'],
  ] as const
  for (const [call, file] of calls) {
    for (const failing of [1, 2, 3, 6, 15]) {
      const path = join(root, `failing-${call}-${failing}`)
      // It is made by somebody whose calls do not fail.
      execFileSync(process.execPath, [join(here, 'open.mjs'), path])
      // Each thread counts its own calls.
      const injected = ['-P', join(path, 'data', file), '-e', `inject=${call}:error=EIO:when=${failing}+`]
      const program = [process.execPath, join(here, 'failing-disk.mjs'), path]
      const output = execFileSync('strace', ['-f', '-qq', '-o', '/dev/null', ...injected, ...program], {
        encoding: 'utf8',
      })
      const { acknowledged, outcome, later, readable, logged, unhandled } = JSON.parse(output)
      expect(outcome).toMatch(/^StorageFailed: a commit failed/)
      expect(later).toMatch(/^StorageFailed: writes are refused/)
      expect([readable, logged, unhandled]).toEqual([acknowledged, acknowledged, []])
      // Whether the one that failed is there is unknown.
      expect([acknowledged, acknowledged + 1]).toContain(await check(path))
    }
  }
}, 60_000)

test('a full disk refuses the write and all later ones, loses nothing, prints nothing, and reads go on', ({ skip }) => {
  if (!isBuilt) return skipped(skip, 'there is no dist/; npm run build')
  const path = join(root, 'full')
  mkdirSync(path)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', path])
  if (mounted.status !== 0) return skipped(skip, `a small file system cannot be mounted: ${String(mounted.stderr)}`)
  try {
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(here, 'full-disk.mjs'), path], {
      encoding: 'utf8',
    })
    // LMDB's own words, of its C code, when a page falls exactly on the end of the disk. Nothing else is printed.
    expect([stderr.replaceAll(/Write error: No space left on device position \d+, size \d+/g, ''), status]).toEqual([
      '',
      0,
    ])
    const { written, outcomes, later, readable, reopened, newest, reopenedNewest, unhandled } = JSON.parse(stdout)
    expect(written).toBeGreaterThan(10)
    expect(outcomes.length).toBe(3)
    for (const outcome of outcomes) expect(outcome).toMatch(/^StorageFailed: .*no space left on the disk/)
    expect(later).toMatch(/^StorageFailed: writes are refused/)
    expect([readable, reopened, newest, reopenedNewest, unhandled]).toEqual([
      written,
      written,
      `${written}`,
      `${written}`,
      [],
    ])
  } finally {
    execFileSync('umount', [path])
  }
}, 60_000)

test('a disk on which the journal can be written and LMDB cannot grow: what was acknowledged is there, now and later', ({
  skip,
}) => {
  if (!isBuilt) return skipped(skip, 'there is no dist/; npm run build')
  const path = join(root, 'full-lmdb')
  mkdirSync(path)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', path])
  if (mounted.status !== 0) return skipped(skip, `a small file system cannot be mounted: ${String(mounted.stderr)}`)
  try {
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(here, 'full-lmdb.mjs'), join(path, 'db')], {
      encoding: 'utf8',
    })
    expect([stderr.replaceAll(/Write error: No space left on device position \d+, size \d+\n?/g, ''), status]).toEqual([
      '',
      0,
    ])
    const { acknowledged, before, outcome, looks, unhandled } = JSON.parse(stdout)
    expect(acknowledged).toBe(71)
    expect(outcome).toMatch(/^StorageFailed: .*no space left on the disk of .*\/data$/)
    const all = (count: number) => [count, count, count]
    expect(looks).toEqual({ full: all(before), reopened: all(before), roomy: all(before), last: all(before + 1) })
    expect(unhandled).toEqual([])
  } finally {
    execFileSync('umount', [path])
  }
}, 60_000)
