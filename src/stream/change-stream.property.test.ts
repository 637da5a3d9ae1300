/**
 * The laws of change streams, over random histories of several collections and databases, at every scope:
 *
 *   a stream that was live from the start delivers exactly the matching changes, each once, in the order of commits
 *   a stream resumed from any token ever handed out delivers exactly the rest, whichever versions its tokens had and have
 *   the token of an event is good at every scope that sees the event, with any stages, and at no other
 *   a stream opened at a past time delivers what the one that was live then did
 *   tokens sort as their events do, and say nothing that the event and its place in its commit do not say
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deserialize, type Document } from 'bson'
import { decodeResumeToken, encodeResumeToken } from '../oplog/resume-token.ts'
import {
  type Change,
  commandsOf,
  history,
  isExpanded,
  Model,
  type Op,
  scopes,
  sees,
  tellEvent,
  toldBy,
} from './history.suite.ts'
import { type Bench, chooser, openBench, passTurns, Reader, slowly, valueOf } from './streams.suite.ts'

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
  for (const [number, op] of ops.entries()) {
    changes.push([...model.apply(op)])
    for (const each of commandsOf(op, number + 1)) await bench.command(each)
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
          const expanded = choose(2) === 0
          const stage = { fullDocument, showExpandedEvents: expanded }
          const readers = scopes.map(scope => new Reader(bench, { scope, stage, ...limits }))
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
          expect(told).toEqual(scopes.map(scope => toldBy(scope, changes.flat(), { expanded })))
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
        const version = () => (choose(2) === 0 ? 1 : 2)
        const readers = scopes.map(scope => new Reader(bench, { scope, stage, tokenVersion: version() }))
        const changes = await perform(bench, ops, async () => {
          for (const reader of readers) if (choose(3) === 0 && !reader.ended) await reader.next({ countMax: choose(3) })
        })
        for (const [index, scope] of scopes.entries()) {
          const reader = readers[index] as Reader
          await reader.drain()
          for (const { token, delivered } of distinct(reader.tokens)) {
            const wasInvalidate = reader.events[delivered - 1]?.operationType === 'invalidate'
            const start = wasInvalidate ? { startAfter: token } : { resumeAfter: token }
            const spec = { scope, stage: { ...stage, ...start }, tokenVersion: version() } as const
            const rest = await new Reader(bench, spec).drain(choose(3) + 1)
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

test('the token of an event is good at every scope that sees it, whatever the stages are, and at no other', () =>
  fc.assert(
    fc.asyncProperty(history(12), fc.nat(), (ops, seed) =>
      withBench({ seed, backlogsBytesMax: seed % 3 === 0 ? 1000 : undefined }, async bench => {
        const choose = chooser(seed)
        const all = new Reader(bench, { scope: '', stage: { showExpandedEvents: true } })
        const changes = (await perform(bench, ops, async () => {})).flat()
        const events = await all.drain()
        expect(events).toHaveLength(changes.length)
        for (const [index, change] of changes.entries()) {
          for (const scope of scopes) {
            const stage = { resumeAfter: events[index]?._id, showExpandedEvents: choose(2) === 0 }
            const types = choose(2) === 0 ? undefined : ['insert', 'rename', 'invalidate']
            const pipeline = types === undefined ? [] : [{ $match: { operationType: { $in: types } } }]
            const open = () => new Reader(bench, { scope, stage, pipeline }).drain()
            if (!sees(scope, change)) {
              await expect((async () => open())()).rejects.toMatchObject({
                // A stream on a collection looks at the token alone: that of a dropped database names none.
                code: change.type === 'dropDatabase' && scope.includes('.') ? 260 : 280,
              })
              continue
            }
            // Its own invalidate is still to come; a stream that ended with it has nothing else.
            const [, ...own] = toldBy(scope, [change], { expanded: true })
            const others = toldBy(scope, changes.slice(index + 1), { expanded: stage.showExpandedEvents })
            const rest = own.length > 0 ? own : others
            const passes = (words: string) => types?.includes(words.split(' ')[0] ?? '') !== false
            expect((await open()).map(tellEvent), `${change.type} at ${scope}`).toEqual(rest.filter(passes))
          }
        }
      }),
    ),
    { numRuns: 30 },
  ))

test('a stream opened at a past time delivers what the one that was live did from then on', () =>
  fc.assert(
    fc.asyncProperty(history(15), fc.nat(), (ops, seed) =>
      withBench({ seed, backlogsBytesMax: seed % 3 === 0 ? 1000 : undefined }, async bench => {
        const choose = chooser(seed)
        const times = [(await bench.command({ ping: 1 })).operationTime]
        const stage = { showExpandedEvents: choose(2) === 0 }
        const lives = scopes.map(scope => new Reader(bench, { scope, stage }))
        for (const live of lives) await live.next()
        await perform(bench, ops, async () => {
          times.push((await bench.command({ ping: 1 })).operationTime)
        })
        for (const live of lives) await live.drain()
        for (const startAtOperationTime of times) {
          const from = BigInt(startAtOperationTime.toString())
          for (const [index, scope] of scopes.entries()) {
            const live = lives[index] as Reader
            // Behind what ended the live one a new stream sees what that one did not.
            if (live.ended && timeOf(live.events.at(-1)) < from) continue
            const past = new Reader(bench, { scope, stage: { ...stage, startAtOperationTime } })
            expect(await past.drain(choose(4) + 1)).toEqual(live.events.filter(event => timeOf(event) >= from))
          }
        }
      }),
    ),
    { numRuns: 30 },
  ))

const timeOf = (event: Document | undefined): bigint => BigInt(event?.clusterTime.toString() ?? 0)

test('tokens of different events differ, and sort as the events do', () =>
  fc.assert(
    fc.asyncProperty(history(20), fc.nat(), (ops, seed) =>
      withBench({ seed, backlogsBytesMax: seed % 3 === 0 ? 1000 : undefined }, async bench => {
        const stage = { showExpandedEvents: true }
        const versions = [1, 2] as const
        const readers = scopes.flatMap(scope =>
          versions.map(tokenVersion => new Reader(bench, { scope, stage, tokenVersion })),
        )
        await perform(bench, ops, async () => {})
        for (const reader of readers) {
          const texts = (await reader.drain()).map(({ _id }) => _id._data as string)
          expect(texts).toEqual([...new Set(texts)].toSorted())
        }
      }),
    ),
    { numRuns: 30 },
  ))

/** The token of an event, made of what the event shows and its place among the changes of its commit. */
function rebuilt(event: Document, txnOpIndex: number, version: 1 | 2): Document {
  const { clusterTime, collectionUUID, operationType, documentKey, operationDescription, isExpanded } = event
  const identifier =
    version === 2 || isExpanded === true ? { operationType, documentKey, operationDescription } : documentKey
  return deserialize(
    encodeResumeToken({
      clusterTime: BigInt(clusterTime.toString()),
      version,
      tokenType: 'event',
      txnOpIndex,
      fromInvalidate: false,
      uuid: collectionUUID?.buffer,
      eventIdentifier: identifier && valueOf(identifier),
      fragmentNum: undefined,
    }),
  )
}

test('there is nothing in a token but what its event shows, and its place in its commit', () =>
  fc.assert(
    fc.asyncProperty(history(20), fc.constantFrom(1 as const, 2 as const), fc.nat(), (ops, tokenVersion, seed) =>
      withBench({ seed, backlogsBytesMax: seed % 3 === 0 ? 1000 : undefined }, async bench => {
        const stage = { showExpandedEvents: true }
        const all = new Reader(bench, { scope: '', stage, tokenVersion })
        const ending = new Reader(bench, { scope: 'd', stage, tokenVersion })
        // The event of a view does not show the UUID of the collection that it is stored in, which its token has.
        const shown = ops.filter(each => each.op !== 'view')
        const changes = (await perform(bench, shown, async () => {})).flat()
        let time = 0n
        let index = 0
        for (const [number, event] of (await all.drain()).entries()) {
          index = timeOf(event) === time ? index + 1 : 0
          time = timeOf(event)
          const expanded = isExpanded(changes[number] as Change)
          expect(event._id).toEqual(rebuilt({ ...event, isExpanded: expanded }, index, tokenVersion))
        }
        const told = await ending.drain()
        if (!ending.ended) return
        const [trigger, invalidate] = told.slice(-2).map(({ _id }) => decodeResumeToken(valueOf(_id)))
        expect(invalidate).toEqual({ ...trigger, fromInvalidate: true })
      }),
    ),
    { numRuns: 30 },
  ))
