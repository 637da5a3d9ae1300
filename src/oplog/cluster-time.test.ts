import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManualEnv } from '../../test/manual-env.ts'
import { clusterClock, clusterTimeOf, secondsOf, showClusterTime } from './cluster-time.ts'

test('a time is its seconds and its increment', () => {
  expect(clusterTimeOf(1_700_000_000, 7)).toBe((1_700_000_000n << 32n) + 7n)
  expect(secondsOf(clusterTimeOf(1_700_000_000, 7))).toBe(1_700_000_000)
  expect(secondsOf(clusterTimeOf(0xffff_ffff, 0xffff_ffff))).toBe(0xffff_ffff)
  expect(showClusterTime(clusterTimeOf(1_700_000_000, 7))).toBe('Timestamp(1700000000, 7)')
})

test('the first commit of a second has increment 1, the others count on', async () => {
  const env = new ManualEnv()
  const clock = clusterClock(env)
  const second = secondsOf(clock(0n))
  expect(clock(0n)).toBe(clusterTimeOf(second, 1))
  expect(clock(clusterTimeOf(second, 1))).toBe(clusterTimeOf(second, 2))
  await env.advance(1000)
  expect(clock(clusterTimeOf(second, 2))).toBe(clusterTimeOf(second + 1, 1))
})

test('a time is always after the one before, also when the wall clock goes back', () =>
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4_000_000_000_000 }), { maxLength: 20 }), wallTimes => {
      let wallMs = 0
      const env = Object.assign(new ManualEnv(), { wallMs: () => wallMs })
      const clock = clusterClock(env)
      let previous = 0n
      for (const each of wallTimes) {
        wallMs = each
        const time = clock(previous)
        expect(time > previous && secondsOf(time) >= Math.floor(each / 1000)).toBe(true)
        previous = time
      }
    }),
  ))
