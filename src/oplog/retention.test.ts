import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import type { OpenedEngine, Position } from '../storage/engine.ts'
import { engine as memory } from '../storage/engines/memory.ts'
import { clusterTimeOf, secondsOf } from './cluster-time.ts'
import { applyRetention } from './retention.ts'

const firstSecond = 1_700_000_000

interface Commit {
  readonly entryBytes: readonly number[]
  /** How many seconds after the commit before. */
  readonly later: number
}

async function logOf(commits: readonly Commit[]): Promise<OpenedEngine> {
  let time = clusterTimeOf(firstSecond, 0)
  const engine = await memory.open({ nextTime: () => time, newDeploymentId: () => new Uint8Array(16) })
  for (const { entryBytes, later } of commits) {
    time = later === 0 ? time + 1n : clusterTimeOf(secondsOf(time) + later, 1)
    await engine.write(transaction => {
      for (const bytes of entryBytes) transaction.append(new Uint8Array(bytes))
    })
  }
  return engine
}

const positionsOf = async ({ log }: OpenedEngine): Promise<Position[]> =>
  (await log.readAfter({ time: 0n, index: 0 }, { bytesMax: Infinity })).map(({ position }) => position)

const commits = (count: number): Commit[] => Array.from({ length: count }, () => ({ entryBytes: [100], later: 1 }))

test('the oldest entries go when the log is too large', async () => {
  const engine = await logOf(commits(10))
  await applyRetention(engine.log, { bytesMax: 350, hoursMin: 0 }, new ManualEnv())
  expect(engine.log.bytes).toBe(300)
  expect(secondsOf(engine.log.oldest.time)).toBe(firstSecond + 8)
})

test('what is young stays, whatever the size', async () => {
  const env = new ManualEnv()
  await env.advance(10_000)
  const engine = await logOf([...commits(3), { entryBytes: [100], later: 3600 }, { entryBytes: [100], later: 1 }])
  await env.advance(3_600_000 + 3_000)
  await applyRetention(engine.log, { bytesMax: 0, hoursMin: 1 }, env)
  // An hour ago was ten seconds after the third commit.
  expect(engine.log.bytes).toBe(200)
})

test('one entry stays for ever', async () => {
  const engine = await logOf(commits(4))
  await applyRetention(engine.log, { bytesMax: 0, hoursMin: 0 }, new ManualEnv())
  expect(await positionsOf(engine)).toEqual([engine.log.newest])
})

const commit: fc.Arbitrary<Commit> = fc.record({
  entryBytes: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 4 }),
  later: fc.integer({ min: 0, max: 1800 }),
})

test('as few go as are needed, whole commits, the oldest first, and none that is young', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(commit, { minLength: 1, maxLength: 12 }),
      fc.nat(6000),
      fc.nat(2),
      fc.nat(3600 * 4),
      async (all, bytesMax, hoursMin, passedSeconds) => {
        const env = new ManualEnv()
        await env.advance(passedSeconds * 1000)
        const engine = await logOf(all)
        const before = await positionsOf(engine)
        await applyRetention(engine.log, { bytesMax, hoursMin }, env)
        const after = await positionsOf(engine)
        const removed = before.slice(0, before.length - after.length)
        expect(before.slice(removed.length)).toEqual(after)
        expect(after[0]?.index).toBe(0)
        const youngFrom = hoursMin === 0 ? Infinity : env.wallMs() / 1000 - hoursMin * 3600
        for (const { time } of removed) expect(secondsOf(time) <= youngFrom).toBe(true)
        // What could still go need not, or may not.
        const oldest = after[0]?.time ?? 0n
        if (engine.log.bytes > bytesMax && oldest < engine.log.newest.time) {
          expect(secondsOf(oldest) > youngFrom).toBe(true)
        }
        // The last commit that went had to.
        const last = removed.at(-1)?.time
        const commitBytes = all[[...new Set(before.map(({ time }) => time))].indexOf(last ?? -1n)]?.entryBytes ?? []
        const bytes = commitBytes.reduce((sum, each) => sum + each, 0)
        if (last !== undefined) expect(engine.log.bytes + bytes).toBeGreaterThan(bytesMax)
      },
    ),
    { numRuns: 200 },
  ))
