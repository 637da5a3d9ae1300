/**
 * The laws of change streams, over random histories of several collections and databases, at every scope:
 *
 *   a stream that was live from the start delivers exactly the matching changes, each once, in the order of commits
 *   a stream resumed from any token ever handed out delivers exactly the rest
 *   a stream opened at a past time delivers what the one that was live then did
 *   tokens sort as their events do
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Document } from 'bson'
import { type Change, commandOf, history, Model, type Op, scopes, tellEvent, toldBy } from './history.suite.ts'
import { type Bench, chooser, openBench, passTurns, Reader, slowly } from './streams.suite.ts'

async function withBench<T>(
  { seed, isSlow = false, backlogsBytesMax }: { seed: number; isSlow?: boolean; backlogsBytesMax?: number | undefined },
  run: (bench: Bench) => Promise<T>,
): Promise<T> {
  const choose = chooser(seed)
  const bench = await openBench({ ...(isSlow ? slowly(() => choose(6)) : {}), backlogsBytesMax })
  try {
    return await run(bench)
  } finally {
    await bench.close()
  }
}

/** Does the commands of a history, and gives the changes of each as the model has them. */
async function perform(bench: Bench, ops: readonly Op[], between: () => Promise<void>): Promise<Change[][]> {
  const model = new Model()
  const changes: Change[][] = []
  for (const op of ops) {
    changes.push([...model.apply(op)])
    await bench.command(commandOf(op))
    await between()
  }
  return changes
}

test('a live stream delivers the changes it sees, each once and in order, however it is read', () =>
  fc.assert(
    fc.asyncProperty(
      history(25),
      fc.nat(),
      fc.boolean(),
      fc.constantFrom(undefined, 0, 1500),
      fc.constantFrom(undefined, 0, 3000),
      fc.constantFrom('default', 'updateLookup'),
      (ops, seed, isSlow, backlogBytesMax, backlogsBytesMax, fullDocument) =>
        withBench({ seed, isSlow, backlogsBytesMax }, async bench => {
          const choose = chooser(seed + 1)
          const limits = backlogBytesMax === undefined ? {} : { backlogBytesMax }
          const readers = scopes.map(scope => new Reader(bench, { scope, stage: { fullDocument }, ...limits }))
          let isOver = false
          const reading = readers.map(async reader => {
            while (!isOver && !reader.ended) {
              await reader.next({ countMax: choose(4) + 1, waitMs: choose(3) === 0 ? 0 : 1000 })
              // Now and then a client is slow.
              if (choose(4) === 0) for (let left = choose(4); left > 0; left--) await bench.env.yieldTurn()
              else await passTurns(choose(5))
            }
          })
          const changes = await perform(bench, ops, () =>
            choose(3) === 0 ? bench.env.yieldTurn() : passTurns(choose(9)),
          )
          // All is delivered without any time passing: no wake-up was missed.
          for (let left = 40; left > 0; left--) await bench.env.yieldTurn()
          const told = readers.map(({ events }) => events.map(tellEvent))
          isOver = true
          await bench.env.advance(1000)
          await Promise.all(reading)
          expect(told).toEqual(scopes.map(scope => toldBy(scope, changes.flat())))
          for (const { tokens } of readers) expectAscending(tokens.map(({ token }) => token))
          for (const reader of readers) reader.close()
          expect(bench.hub.count).toBe(0)
          expect(bench.hub.backlogs.bytes).toBe(0)
        }),
    ),
    { numRuns: 80 },
  ))

/** Tokens of a stream never go back. */
function expectAscending(tokens: readonly Document[]): void {
  const texts = tokens.map(({ _data }) => _data as string)
  expect(texts).toEqual(texts.toSorted())
}

test('a stream resumed from any token delivers exactly the rest', () =>
  fc.assert(
    fc.asyncProperty(history(12), fc.nat(), (ops, seed) =>
      withBench({ seed, backlogsBytesMax: seed % 3 === 0 ? 1000 : undefined }, async bench => {
        const choose = chooser(seed)
        const stage = { showExpandedEvents: choose(2) === 0 }
        const readers = scopes.map(scope => new Reader(bench, { scope, stage }))
        const changes = await perform(bench, ops, async () => {
          for (const reader of readers) if (choose(3) === 0 && !reader.ended) await reader.next({ countMax: choose(3) })
        })
        for (const [index, scope] of scopes.entries()) {
          const reader = readers[index] as Reader
          await reader.drain()
          for (const { token, delivered } of distinct(reader.tokens)) {
            const wasInvalidate = reader.events[delivered - 1]?.operationType === 'invalidate'
            const start = wasInvalidate ? { startAfter: token } : { resumeAfter: token }
            const rest = await new Reader(bench, { scope, stage: { ...stage, ...start } }).drain(choose(3) + 1)
            expect(rest.map(tellEvent), `${scope} after ${delivered}`).toEqual(
              restOf(scope, changes.flat(), delivered, stage.showExpandedEvents),
            )
          }
        }
      }),
    ),
    { numRuns: 40 },
  ))

/** What is told behind the first events that a stream delivered, its invalidate among them. */
function restOf(scope: string, changes: readonly Change[], delivered: number, expanded: boolean): string[] {
  const told = toldBy(scope, changes, { expanded })
  if (told[delivered - 1] !== 'invalidate') return told.slice(delivered)
  // A new stream behind the invalidate: behind the change that caused it, the last one told.
  let seen = 0
  const cause = changes.findIndex(change => {
    seen += toldBy(scope, [change], { expanded }).filter(words => words !== 'invalidate').length
    return seen === delivered - 1
  })
  return toldBy(scope, changes.slice(cause + 1), { expanded })
}

function distinct(tokens: Reader['tokens']): Reader['tokens'] {
  return [...new Map(tokens.map(each => [JSON.stringify(each), each])).values()]
}

test('a stream opened at a past time delivers what the one that was live did from then on', () =>
  fc.assert(
    fc.asyncProperty(history(15), fc.nat(), (ops, seed) =>
      withBench({ seed, backlogsBytesMax: seed % 3 === 0 ? 1000 : undefined }, async bench => {
        const choose = chooser(seed)
        const times = [(await bench.command({ ping: 1 })).operationTime]
        const live = new Reader(bench, { scope: '' })
        await live.next()
        await perform(bench, ops, async () => {
          times.push((await bench.command({ ping: 1 })).operationTime)
        })
        await live.drain()
        for (const startAtOperationTime of times) {
          const past = await new Reader(bench, { scope: '', stage: { startAtOperationTime } }).drain(choose(4) + 1)
          const from = BigInt(startAtOperationTime.toString())
          expect(past).toEqual(live.events.filter(({ clusterTime }) => BigInt(clusterTime.toString()) >= from))
        }
      }),
    ),
    { numRuns: 30 },
  ))

test('tokens of different events differ, and sort as the events do', () =>
  fc.assert(
    fc.asyncProperty(history(20), fc.nat(), (ops, seed) =>
      withBench({ seed, backlogsBytesMax: seed % 3 === 0 ? 1000 : undefined }, async bench => {
        const all = new Reader(bench, { scope: '', stage: { showExpandedEvents: true } })
        const one = new Reader(bench, { scope: 'd.a', stage: { showExpandedEvents: true } })
        await perform(bench, ops, async () => {})
        await all.drain()
        await one.drain()
        for (const { events } of [all, one]) {
          const texts = events.map(({ _id }) => _id._data as string)
          expect(texts).toEqual([...new Set(texts)].toSorted())
        }
      }),
    ),
    { numRuns: 30 },
  ))
