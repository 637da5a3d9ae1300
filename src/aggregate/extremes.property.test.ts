import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemEnv } from '../base/env.ts'
import { Pace } from '../base/pace.ts'
import { Extremes } from './extremes.ts'
import { sortInSteps } from './ordered.ts'

const keys = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 })
const ascending = (a: number, b: number) => a - b

test.each(['first', 'last'] as const)('the %s few are those of the sorted whole', end => {
  fc.assert(
    fc.property(keys, fc.integer({ min: 0, max: 12 }), (all, countMax) => {
      const held = new Extremes<number, number>(end, countMax, ascending)
      let gone = 0
      for (const [place, key] of all.entries()) {
        if (!held.accepts(key) || held.add(key, place) !== undefined) gone++
      }
      const sorted = all.toSorted(ascending)
      const expected = end === 'first' ? sorted.slice(0, countMax) : sorted.slice(Math.max(0, sorted.length - countMax))
      expect(
        held
          .entries()
          .toSorted(held.order)
          .map(({ key }) => key),
      ).toEqual(expected)
      expect(gone).toBe(all.length - expected.length)
    }),
  )
})

test('of a tie the first ones to come stay, in the order in which they came', () => {
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 12 }), (all, countMax) => {
      const held = new Extremes<number, number>('first', countMax, ascending)
      for (const [place, key] of all.entries()) if (held.accepts(key)) held.add(key, place)
      const stable = all.map((key, place) => ({ key, place })).toSorted((a, b) => a.key - b.key)
      expect(
        held
          .entries()
          .toSorted(held.order)
          .map(({ item }) => item),
      ).toEqual(stable.slice(0, countMax).map(({ place }) => place))
    }),
  )
})

test('sorting in steps is sorting, and stable', async () => {
  const many = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 50, maxLength: 700 })
  await fc.assert(
    fc.asyncProperty(many, async all => {
      const entries = all.map((key, place) => ({ key, place }))
      const sorted = await sortInSteps(entries, (a, b) => a.key - b.key, new Pace(systemEnv))
      expect(sorted).toEqual(entries.toSorted((a, b) => a.key - b.key))
    }),
    { numRuns: 50 },
  )
})

test('a long sort gives the event loop back every few milliseconds', async () => {
  let nowMs = 0
  let turnBeganMs = 0
  const turnsMs: number[] = []
  const pace = new Pace({
    ...systemEnv,
    monotonicMs: () => nowMs,
    yieldTurn: async () => {
      turnsMs.push(nowMs - turnBeganMs)
      turnBeganMs = nowMs
    },
  })
  const oneMicrosecondEach = (a: number, b: number) => {
    nowMs += 0.001
    return a - b
  }
  const items = Array.from({ length: 20_000 }, (_, n) => (n * 7919) % 20_011)
  await sortInSteps(items, oneMicrosecondEach, pace)
  expect(Math.max(...turnsMs)).toBeLessThan(15)
  expect(turnsMs.reduce((sum, turnMs) => sum + turnMs, 0)).toBeGreaterThan(nowMs - 15)
})
