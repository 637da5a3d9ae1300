/**
 * The power goes while somebody writes: all that a process does to the disk is recorded, and at many moments what a power cut would
 * have left is put together, with sectors that were not synced there or not by chance. Everything acknowledged by then is in it.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type Step, readTrace, traceArguments, TracedFile } from './disk-trace.ts'
import { check } from './written.ts'

const here = import.meta.dirname
const root = mkdtempSync(join(tmpdir(), 'tailrace-power-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const isBuilt = existsSync(join(here, '../../dist/storage/engines/embedded.js'))
const names = ['data.mdb', 'journal']

interface Recorded {
  /** What was there before. */
  readonly before: string
  readonly after: string
  readonly steps: readonly Step[]
}

/** Lets writer.mjs write `count` records in each of `writers` loops, and records it. */
function record(name: string, { writers, size, count }: { writers: number; size: number; count: number }): Recorded {
  const [before, after, trace] = [`${name}-before`, `${name}-after`, `${name}-trace`].map(each => join(root, each))
  if (before === undefined || after === undefined || trace === undefined) throw new Error('three names are given')
  execFileSync(process.execPath, [join(here, 'open.mjs'), before])
  cpSync(before, after, { recursive: true })
  const writer = [join(here, 'writer.mjs'), after, `${writers}`, `${size}`, `${count}`]
  execFileSync('strace', [...traceArguments(trace), process.execPath, ...writer])
  const steps = readTrace(trace)
  rmSync(trace)
  return { before, after, steps }
}

/** The folder that `before` becomes with these files. */
function folderOf(before: string, files: ReadonlyMap<string, Buffer>): string {
  const path = join(root, 'image')
  rmSync(path, { recursive: true, force: true })
  cpSync(before, path, { recursive: true })
  for (const [name, content] of files) writeFileSync(join(path, 'data', name), content)
  return path
}

test.for([
  { name: 'small records', writers: 8, size: 1, count: 520, cuts: 60 },
  { name: 'rounds of the journal', writers: 2, size: 60, count: 60, cuts: 60 },
  { name: 'groups that are too much for the journal', writers: 8, size: 1000, count: 8, cuts: 25 },
])(
  '$name: a power cut loses nothing that was acknowledged',
  { timeout: 120_000 },
  async ({ name, cuts, ...work }, { skip }) => {
    if (!isBuilt || spawnSync('strace', ['-V']).status !== 0) {
      console.warn('skipped: there is no dist/, or no strace here to record what is written')
      return skip()
    }
    const { before, after, steps } = record(name.replaceAll(' ', '-'), work)
    const files = new Map(names.map(each => [each, new TracedFile(readFileSync(join(before, 'data', each)))]))
    let acknowledged = 0
    const chances = [() => false, () => true, () => Math.random() < 0.5, () => Math.random() < 0.9]
    const share = cuts / steps.length
    for (const [index, step] of steps.entries()) {
      if (step.kind === 'printed') acknowledged = Math.max(acknowledged, ...step.text.split('\n').map(Number))
      else {
        const file = files.get(step.path.slice(step.path.lastIndexOf('/') + 1))
        if (step.kind === 'sync') file?.synced(step.after, step.upTo)
        else file?.wrote(step.at, step.bytes)
      }
      if (Math.random() > share && index < steps.length - 1) continue
      const isLeft = chances[index % chances.length] ?? (() => false)
      const image = new Map(Array.from(files, ([each, file]) => [each, file.left(isLeft)]))
      expect(await check(folderOf(before, image), work.size)).toBeGreaterThanOrEqual(acknowledged)
    }
    // The trace tells of everything that was written, and the end of it is durable.
    for (const [each, file] of files) {
      expect(file.hasPending).toBe(false)
      expect(file.left(() => false).equals(readFileSync(join(after, 'data', each)))).toBe(true)
    }
  },
)
