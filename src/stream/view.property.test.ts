/**
 * Laws of what streams show:
 *
 *   a filtered stream is the filtered full stream
 *   the pre-image with the updateDescription applied is the post-image
 *   a stream gets through the index exactly what its stages let through
 */
import type { Document } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandsOf, history, Model, scopes } from './history.suite.ts'
import { type Bench, openBench, Reader } from './streams.suite.ts'

async function withBench<T>(run: (bench: Bench) => Promise<T>): Promise<T> {
  const bench = await openBench()
  try {
    return await run(bench)
  } finally {
    await bench.close()
  }
}

const shapes = fc.record({
  fullDocument: fc.constantFrom('default', 'updateLookup', 'whenAvailable'),
  fullDocumentBeforeChange: fc.constantFrom('off', 'whenAvailable'),
  showExpandedEvents: fc.boolean(),
})

/** Whether a path of at most two names is there, or is not. */
const has =
  (path: string, exists: boolean) =>
  (event: Document): boolean => {
    const [first = '', second] = path.split('.')
    return (second === undefined ? first in event : second in (event[first] ?? {})) === exists
  }

const small = fc.integer({ min: 0, max: 2 })

/** A condition on a path of events, and the same said in JavaScript. */
type Filter = readonly [filter: Document, passes: (event: Document) => boolean]

const filter: fc.Arbitrary<Filter> = fc.oneof(
  fc
    .constantFrom('insert', 'update', 'delete', 'drop', 'create', 'rename', 'modify', 'dropIndexes', 'invalidate')
    .map((type): Filter => [{ operationType: type }, event => event.operationType === type]),
  fc
    .subarray(['insert', 'replace', 'dropDatabase'])
    .map((types): Filter => [{ operationType: { $in: types } }, event => types.includes(event.operationType)]),
  fc.constantFrom('a', 'b').map((coll): Filter => [{ 'ns.coll': coll }, event => event.ns?.coll === coll]),
  small.map((id): Filter => [{ 'documentKey._id': id }, event => event.documentKey?._id === id]),
  fc
    .array(small)
    .map((ids): Filter => [
      { 'documentKey._id': { $in: ids } },
      event => event.documentKey !== undefined && ids.includes(event.documentKey._id),
    ]),
  small.map((x): Filter => [{ 'fullDocument.x': x }, event => event.fullDocument?.x === x]),
  small.map((x): Filter => [{ 'fullDocument.list': x }, event => event.fullDocument?.list?.includes(x) === true]),
  small.map((y): Filter => [{ 'fullDocument.n.y': y }, event => event.fullDocument?.n?.y === y]),
  small.map((x): Filter => [{ 'fullDocument.list.0': x }, event => event.fullDocument?.list?.[0] === x]),
  small.map((x): Filter => [
    { 'fullDocument.x': { $in: [x, null] } },
    event => [x, undefined].includes(event.fullDocument?.x),
  ]),
  fc.constantFrom('a', 'b').map((coll): Filter => [{ 'to.coll': coll }, event => event.to?.coll === coll]),
  fc
    .constantFrom('a', 'b')
    .map((coll): Filter => [
      { 'operationDescription.to.coll': coll },
      event => event.operationDescription?.to?.coll === coll,
    ]),
  fc.constant<Filter>([
    { 'operationDescription.indexes.name': 'i' },
    event => event.operationDescription?.indexes?.[0].name === 'i',
  ]),
  fc
    .constantFrom(
      ...['_id', 'to', 'collectionUUID', 'fullDocument', 'documentKey', 'operationDescription', 'stateBeforeChange'],
      ...['nsType', 'fullDocumentBeforeChange', 'updateDescription', 'wallTime', 'clusterTime', 'ns.coll', 'ns.db'],
    )
    .chain(path => fc.boolean().map((exists): Filter => [{ [path]: { $exists: exists } }, has(path, exists)])),
  small.map((x): Filter => [
    { 'updateDescription.updatedFields.x': x },
    event => event.updateDescription?.updatedFields.x === x,
  ]),
  fc.constant<Filter>([
    { 'updateDescription.removedFields': 'x' },
    event => event.updateDescription?.removedFields.includes('x') === true,
  ]),
  fc.constant<Filter>([
    { 'updateDescription.truncatedArrays.newSize': 1 },
    event => event.updateDescription?.truncatedArrays.some(({ newSize }: Document) => newSize === 1) === true,
  ]),
  fc
    .boolean()
    .map((enabled): Filter => [
      { 'operationDescription.changeStreamPreAndPostImages.enabled': enabled },
      event => event.operationDescription?.changeStreamPreAndPostImages?.enabled === enabled,
    ]),
  fc.constant<Filter>([{ operationType: /e$/ }, event => event.operationType.endsWith('e')]),
  small.map((x): Filter => [{ 'fullDocument.x': { $gte: x } }, event => event.fullDocument?.x >= x]),
)

const both = ([a, passesA]: Filter, [b, passesB]: Filter): Filter => [
  { $and: [a, b] },
  event => passesA(event) && passesB(event),
]

const filters = fc.oneof(
  filter,
  fc.tuple(filter, filter).map(([a, b]) => both(a, b)),
)

test('a filtered stream is the filtered full stream', () =>
  fc.assert(
    fc.asyncProperty(history(20), shapes, fc.array(filters, { minLength: 1, maxLength: 8 }), (ops, stage, chosen) =>
      withBench(async bench => {
        const full = scopes.map(scope => new Reader(bench, { scope, stage }))
        const filtered = scopes.map(scope =>
          chosen.map(([match]) => new Reader(bench, { scope, stage, pipeline: [{ $match: match }] })),
        )
        for (const reader of [...full, ...filtered.flat()]) await reader.next()
        for (const [number, op] of ops.entries()) {
          for (const each of commandsOf(op, number + 1)) await bench.command(each)
          await bench.env.yieldTurn()
        }
        for (const [index, reader] of full.entries()) {
          const events = await reader.drain()
          for (const [which, [match, passes]] of chosen.entries()) {
            const one = filtered[index]?.[which] as Reader
            expect(await one.drain(), JSON.stringify(match)).toEqual(events.filter(passes))
            expect(one.ended).toBe(reader.ended)
          }
        }
      }),
    ),
    { numRuns: 40 },
  ))

test('the pre-image with the updateDescription applied is the post-image', () =>
  fc.assert(
    fc.asyncProperty(history(30), ops =>
      withBench(async bench => {
        const stage = { fullDocument: 'whenAvailable', fullDocumentBeforeChange: 'whenAvailable' }
        const reader = new Reader(bench, { scope: '', stage })
        const model = new Model()
        for (const db of ['d', 'e']) {
          for (const coll of ['a', 'b']) {
            const create = { op: 'create' as const, db, coll }
            model.apply(create)
            for (const each of commandsOf(create, 0)) await bench.command(each)
          }
        }
        const changes = []
        for (const [number, op] of ops.entries()) {
          changes.push(...model.apply(op))
          for (const each of commandsOf(op, number + 1)) await bench.command(each)
        }
        const ofDocuments = changes.filter(({ id }) => id !== undefined)
        const events = (await reader.drain()).filter(({ documentKey }) => documentKey !== undefined)
        expect(events).toHaveLength(ofDocuments.length)
        events.forEach((event, index) => {
          const { before, after, keepsImage } = ofDocuments[index] ?? {}
          const { operationType, fullDocument, fullDocumentBeforeChange, updateDescription } = event
          if (operationType === 'insert') return
          expect(fullDocumentBeforeChange).toEqual(keepsImage === true ? before : null)
          if (operationType === 'delete') return
          expect(fullDocument).toEqual(keepsImage === true || operationType === 'replace' ? after : null)
          if (fullDocument === null) return
          if (operationType === 'update') expect(patched(before ?? {}, updateDescription)).toEqual(fullDocument)
        })
      }),
    ),
    { numRuns: 40 },
  ))

/** What a client makes of a document that it has, and an updateDescription; without paths that need to be disambiguated. */
function patched(before: Document, { updatedFields, removedFields, truncatedArrays }: Document): Document {
  const after = structuredClone(before)
  const holderOf = (path: string): [holder: Document, name: string] => {
    const names = path.split('.')
    const last = names.pop() ?? ''
    return [names.reduce((at, name) => at[name] as Document, after), last]
  }
  for (const { field, newSize } of truncatedArrays) {
    const [holder, name] = holderOf(field)
    holder[name] = (holder[name] as unknown[]).slice(0, newSize)
  }
  for (const path of removedFields) {
    const [holder, name] = holderOf(path)
    delete holder[name]
  }
  for (const [path, value] of Object.entries(updatedFields)) {
    const [holder, name] = holderOf(path)
    holder[name] = value
  }
  return after
}
