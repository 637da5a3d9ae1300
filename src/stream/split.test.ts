import { calculateObjectSize, deserialize, type Document, serialize } from 'bson'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wholeEventBytesMax } from '../base/limits.ts'
import { splitEvent } from './split.ts'
import { type Bench, openBench, Reader } from './streams.suite.ts'

const tokenOf = (fragmentNum: number): Uint8Array => serialize({ _data: `82${fragmentNum}` })
const event = (fields: Document): Uint8Array => serialize({ _id: { _data: '82' }, ...fields })

test('an event that fits stays as it is', () => {
  const bytes = event({ a: 1 })
  expect(splitEvent(bytes, { tokenOf, bytesMax: bytes.length })).toBe(undefined)
  expect(splitEvent(bytes, { tokenOf })).toBe(undefined)
})

test('small fields come first, by size and then by name, and each fragment is as full as can be', () => {
  const bytes = event({ z: 'x'.repeat(90), b: 1, a: 1, y: 'x'.repeat(100) })
  const fragments = splitEvent(bytes, { tokenOf, bytesMax: 220 }) ?? []
  expect(fragments.map(({ document }) => Object.keys(deserialize(document)))).toEqual([
    ['_id', 'splitEvent', 'a', 'b', 'z'],
    ['_id', 'splitEvent', 'y'],
  ])
  expect(fragments.map(({ document }) => deserialize(document).splitEvent)).toEqual([
    { fragment: 1, of: 2 },
    { fragment: 2, of: 2 },
  ])
})

test('the fragments together are the event, and none is too large', () =>
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 5 }), fc.nat(150), { minKeys: 2 }),
      sizes => {
        const fields = Object.entries(sizes).filter(([name]) => name !== '_id' && name !== 'splitEvent')
        const whole = Object.fromEntries(fields.map(([name, size]) => [name, 'x'.repeat(size)]))
        const bytes = event(whole)
        const fragments = splitEvent(bytes, { tokenOf, bytesMax: 320 })
        expect(fragments === undefined).toBe(bytes.length <= 320)
        if (fragments === undefined) return
        const joined: Document = {}
        for (const [index, { token, document }] of fragments.entries()) {
          expect(document.length + token.length).toBeLessThanOrEqual(320)
          const { _id, splitEvent: place, ...rest } = deserialize(document)
          expect(_id).toEqual(deserialize(tokenOf(index)))
          expect(place).toEqual({ fragment: index + 1, of: fragments.length })
          Object.assign(joined, rest)
        }
        expect(joined).toEqual(whole)
      },
    ),
    { numRuns: 300 },
  ))

test('a field that fits nowhere, and an _id that is all there is, are refused', () => {
  const splitting = (fields: Document) => () => splitEvent(event(fields), { tokenOf, bytesMax: 100 })
  expect(splitting({ a: 'x'.repeat(100) })).toThrow(expect.objectContaining({ codeName: 'Location7182500' }))
  expect(() => splitEvent(event({}), { tokenOf, bytesMax: 10 })).toThrow(
    expect.objectContaining({ codeName: 'Location7182502' }),
  )
})

// The real limits.

let bench: Bench

beforeEach(async () => {
  bench = await openBench()
  const images = { changeStreamPreAndPostImages: { enabled: true } }
  await bench.command({ create: 'c', $db: 'd', ...images })
})

afterEach(() => bench.close())

const megabytes = (count: number, letter: string) => letter.repeat(count * 1024 * 1024)
const stage = { fullDocument: 'required', fullDocumentBeforeChange: 'required' }
const pipeline = [{ $changeStreamSplitLargeEvent: {} }]

/** A document that was replaced by another: 9 MiB before, 9 MiB after. */
async function replaceLarge(_id: number): Promise<void> {
  await bench.command({ insert: 'c', $db: 'd', documents: [{ _id, text: megabytes(9, 'a') }] })
  await bench.command({ update: 'c', $db: 'd', updates: [{ q: { _id }, u: { text: megabytes(9, 'b') } }] })
}

const wordsOf = (events: readonly Document[]) =>
  events.map(({ operationType, splitEvent: place }) =>
    [operationType, place && `${place.fragment}/${place.of}`].filter(word => word !== undefined).join(' '),
  )

test('a large event is cut in two where the stream asks for it, and an error where it does not', async () => {
  const splitting = new Reader(bench, { scope: 'd.c', stage, pipeline })
  const plain = new Reader(bench, { scope: 'd.c', stage })
  await splitting.next()
  await plain.next()
  await replaceLarge(1)
  await splitting.drain()
  expect(wordsOf(splitting.events)).toEqual(['insert', 'replace 1/2', '2/2'])
  const [, first, second] = splitting.events as [Document, Document, Document]
  expect(first.fullDocument.text.length + second.fullDocumentBeforeChange.text.length).toBe(18 * 1024 * 1024)
  expect(calculateObjectSize(first)).toBeLessThanOrEqual(wholeEventBytesMax)
  expect(first._id._data).toMatch(/2904$/)
  expect(second._id._data).toMatch(/2B0204$/)
  expect(await plain.next()).toBe(1)
  await expect(plain.next()).rejects.toMatchObject({ codeName: 'BSONObjectTooLarge' })
})

test('a stream resumes behind any fragment', async () => {
  const reader = new Reader(bench, { scope: 'd.c', stage, pipeline })
  await replaceLarge(1)
  await bench.command({ insert: 'c', $db: 'd', documents: [{ _id: 2 }] })
  await reader.drain(1)
  const words = wordsOf(reader.events)
  expect(words).toEqual(['insert', 'replace 1/2', '2/2', 'insert'])
  for (const [index, { _id }] of reader.events.entries()) {
    for (const countMax of [1, Infinity]) {
      const resumed = new Reader(bench, { scope: 'd.c', stage: { ...stage, resumeAfter: _id }, pipeline })
      await resumed.drain(countMax)
      expect(wordsOf(resumed.events)).toEqual(words.slice(index + 1))
      resumed.close()
    }
  }
})

test('a fragment that a stream cannot make again is not resumed behind', async () => {
  const reader = new Reader(bench, { scope: 'd.c', stage, pipeline })
  await replaceLarge(1)
  await reader.drain()
  const resumeAfter = reader.events.at(-1)?._id
  const small = new Reader(bench, { scope: 'd.c', stage: { resumeAfter }, pipeline })
  await expect(small.next()).rejects.toMatchObject({ codeName: 'ChangeStreamFatalError' })
  const reply = await bench.command({
    aggregate: 'c',
    $db: 'd',
    pipeline: [{ $changeStream: { ...stage, resumeAfter } }],
    cursor: {},
  })
  expect(reply).toMatchObject({ codeName: 'ChangeStreamFatalError', errorLabels: ['NonResumableChangeStreamError'] })
  const opened = await bench.command({
    aggregate: 'c',
    $db: 'd',
    pipeline: [{ $changeStream: { ...stage, resumeAfter } }, ...pipeline],
    cursor: {},
  })
  expect(opened).toMatchObject({ ok: 1, cursor: { firstBatch: [] } })
})

test('a stream that falls behind between two fragments goes on with the second', async () => {
  const insert = (_id: number, text: string) => bench.command({ insert: 'c', $db: 'd', documents: [{ _id, text }] })
  const reader = new Reader(bench, { scope: 'd.c', stage, pipeline, backlogBytesMax: 20 * 1024 * 1024 })
  await insert(1, megabytes(9, 'a'))
  await reader.next()
  await bench.command({ update: 'c', $db: 'd', updates: [{ q: { _id: 1 }, u: { text: megabytes(9, 'b') } }] })
  await bench.env.yieldTurn()
  expect([await reader.next({ countMax: 1 }), bench.hub.count]).toEqual([1, 1])
  await insert(2, megabytes(12, 'c'))
  await bench.env.yieldTurn()
  expect(bench.hub.count).toBe(0)
  await reader.drain(1)
  expect(wordsOf(reader.events)).toEqual(['insert', 'replace 1/2', '2/2', 'insert'])
})

test('the stage stands last in a change stream, and nowhere else', () => {
  const compiling = (...stages: Document[]) =>
    bench
      .command({ aggregate: 'c', $db: 'd', pipeline: [{ $changeStream: {} }, ...stages], cursor: {} })
      .then(({ code }) => code as number | undefined)
  return Promise.all([
    expect(compiling(...pipeline)).resolves.toBe(undefined),
    expect(compiling(...pipeline, ...pipeline)).resolves.toBe(7182802),
    expect(compiling(...pipeline, { $match: {} })).resolves.toBe(7182802),
    expect(compiling({ $changeStreamSplitLargeEvent: { a: 1 } })).resolves.toBe(7182800),
  ])
})
