import { Int32 } from 'bson'
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { systemEnv } from '../base/env.ts'
import { Pace } from '../base/pace.ts'
import { arrayValue, stringValue } from '../bson/encode.ts'
import { compileChangeStreamPipeline, compilePipeline, compileUpdatePipeline } from './pipeline.ts'
import { aggregate, applyTo, bytesOf, defaults, documentOfBytes, sequence, stagesOf, textOf } from './pipeline.suite.ts'
import { isStageName, sourceOf } from './stage-names.ts'

/** The code of what `compile` refuses; undefined when it refuses nothing. */
function refusal(compile: () => unknown): number | undefined {
  try {
    compile()
    return undefined
  } catch (error) {
    if (error instanceof CommandError) return error.code
    throw error
  }
}

const inAggregate = (stages: Document[]) => refusal(() => compilePipeline(stagesOf(stages), defaults))
const inChangeStream = (stages: Document[]) => refusal(() => compileChangeStreamPipeline(stagesOf(stages), defaults))
const inUpdate = (stages: Document[]) => refusal(() => compileUpdatePipeline(arrayValue(stagesOf(stages)), defaults))

test.each<[string, Document[], number | undefined]>([
  ['an unknown stage', [{ $foo: 1 }], 40324],
  ['an unknown stage behind a wrong one', [{ $lookup: {} }, { $foo: 1 }], 40324],
  ['a stage without a field', [{}], 40323],
  ['a stage of two fields', [{ $limit: 1, $skip: 1 }], 40323],
  ['a stage that is not there yet', [{ $graphLookup: {} }], 238],
  ['$out that is not stripped, as of a sub-pipeline', [{ $out: 'there' }], 40601],
  ['$changeStream that is not the first', [{ $limit: 1 }, { $changeStream: {} }], 40602],
  ['$facet of nothing', [{ $facet: {} }], 40169],
  ['$facet of no array', [{ $facet: { a: 1 } }], 40170],
  ['$facet of an array of no stages', [{ $facet: { a: [1] } }], 40171],
  ['$facet under a path', [{ $facet: { 'a.b': [] } }], 16412],
  ['$facet under an operator', [{ $facet: { $a: [] } }], 16410],
  ['an unknown stage in $facet', [{ $facet: { a: [{ $foo: 1 }] } }], 40324],
  ...['$changeStream', '$out', '$merge', '$facet', '$documents', '$collStats', '$currentOp'].map(
    (name): [string, Document[], number] => [`${name} in $facet`, [{ $facet: { a: [{ [name]: {} }] } }], 40600],
  ),
  ['$documents that is not the first', [{ $limit: 1 }, { $documents: [] }], 40602],
  ['$changeStreamSplitLargeEvent without a stream', [{ $changeStreamSplitLargeEvent: {} }], 20],
  ['nothing at all', [], undefined],
])('a pipeline with %s', (_, stages, code) => {
  expect(inAggregate(stages)).toBe(code)
})

test.each<[string, Document[], number | undefined]>([
  ['the allowed stages', [{ $addFields: { a: 1 } }, { $set: { a: 1 } }, { $redact: '$$KEEP' }], undefined],
  ['$replaceRoot and $replaceWith', [{ $replaceRoot: { newRoot: '$a' } }, { $replaceWith: '$a' }], undefined],
  ['$group', [{ $group: { _id: 1 } }], 20],
  ['$sort', [{ $sort: { a: 1 } }], 20],
  ['$limit', [{ $limit: 1 }], 20],
  ['a stage that is not there yet', [{ $lookup: {} }], 20],
  ['a group that is wrong in itself', [{ $group: {} }], 20],
  ['an unknown stage', [{ $foo: 1 }], 40324],
  ['a second $changeStream', [{ $changeStream: {} }], 40602],
  ['$changeStreamSplitLargeEvent', [{ $redact: '$$KEEP' }, { $changeStreamSplitLargeEvent: {} }], undefined],
  ['an argument to $changeStreamSplitLargeEvent', [{ $changeStreamSplitLargeEvent: { a: 1 } }], 7182800],
  ['a stage behind $changeStreamSplitLargeEvent', [{ $changeStreamSplitLargeEvent: {} }, { $set: { a: 1 } }], 7182802],
  ['it twice', [{ $changeStreamSplitLargeEvent: {} }, { $changeStreamSplitLargeEvent: {} }], 7182802],
])('a change stream with %s', (_, stages, code) => {
  expect(inChangeStream(stages)).toBe(code)
})

test.each<[string, Document[], number | undefined]>([
  ['its stages', [{ $set: { a: 1 } }, { $addFields: { a: 1 } }, { $replaceWith: '$$ROOT' }], undefined],
  ['$match', [{ $match: {} }], 72],
  ['$group', [{ $group: { _id: 1 } }], 72],
  ['$lookup', [{ $lookup: {} }], 72],
  ['$redact', [{ $redact: '$$KEEP' }], 72],
  ['$changeStream', [{ $changeStream: {} }], 72],
  ['an unknown stage', [{ $foo: 1 }], 40324],
])('an update with %s', (_, stages, code) => {
  expect(inUpdate(stages)).toBe(code)
})

test('a stage must be a document', () => {
  expect(refusal(() => compilePipeline([stringValue('$limit')], defaults))).toBe(14)
})

test('refusals name the stage and the place', () => {
  const words = (compile: () => unknown) => {
    expect(compile).toThrow(CommandError)
    try {
      compile()
    } catch (error) {
      return error instanceof CommandError ? error.message : ''
    }
    return ''
  }
  expect(words(() => compileChangeStreamPipeline(stagesOf([{ $group: { _id: 1 } }]), defaults))).toBe(
    '$group is not permitted in a $changeStream pipeline',
  )
  expect(words(() => compilePipeline(stagesOf([{ $foo: 1 }]), defaults))).toBe(
    "Unrecognized pipeline stage name: '$foo'",
  )
  expect(words(() => compileUpdatePipeline(arrayValue(stagesOf([{ $group: {} }])), defaults))).toBe(
    '$group is not allowed to be used within an update',
  )
})

test('the compiler says whether large events are to be split', () => {
  const splits = (stages: Document[]) => compileChangeStreamPipeline(stagesOf(stages), defaults).splitLargeEvents
  expect(splits([])).toBe(false)
  expect(splits([{ $set: { a: 1 } }, { $changeStreamSplitLargeEvent: {} }])).toBe(true)
})

test('an event without stages passes as it is, the same bytes', () => {
  const event = bytesOf({ _id: { _data: '82' }, operationType: 'insert' })
  expect(compileChangeStreamPipeline([], defaults).apply(event)).toBe(event)
})

test('stages of a stream see what the stage before them made', () => {
  expect(textOf(applyTo({ a: 1 }, [{ $set: { b: { $add: ['$a', 1] } } }, { $replaceWith: { c: '$b' } }]) ?? {})).toBe(
    textOf({ c: new Int32(2) }),
  )
})

test('an update pipeline gives the document that it makes', () => {
  const update = compileUpdatePipeline(
    arrayValue(stagesOf([{ $set: { b: '$a' } }, { $set: { 'c.d': '$b' } }])),
    defaults,
  )
  expect(textOf(documentOfBytes(update(bytesOf({ _id: 1, a: 'x' }))))).toBe(
    textOf({ _id: 1, a: 'x', b: 'x', c: { d: 'x' } }),
  )
})

test('the first stage says where the documents come from', () => {
  expect(sourceOf([])).toBe('collection')
  expect(sourceOf(stagesOf([{ $limit: 1 }]))).toBe('collection')
  expect(sourceOf(stagesOf([{ $changeStream: {} }]))).toBe('change stream')
  expect(sourceOf(stagesOf([{ $documents: [] }]))).toBe('documents')
})

test.each(['$match', '$lookup', '$changeStream', '$changeStreamSplitLargeEvent'])('%s is the name of a stage', name => {
  expect(isStageName(name)).toBe(true)
})

test('the name of an accumulator is not one of a stage', () => {
  expect(isStageName('$sum')).toBe(false)
})

test('a limit reads no further than it gives, and lets the source go', async () => {
  let read = 0
  let open = true
  async function* source() {
    try {
      for (;;) {
        read++
        yield bytesOf({ n: read })
      }
    } finally {
      open = false
    }
  }
  const run = compilePipeline(stagesOf([{ $set: { a: 1 } }, { $limit: 3 }]), defaults)
  let given = 0
  for await (const _ of run(source(), new Pace(systemEnv))) given++
  expect({ read, given, open }).toEqual({ read: 3, given: 3, open: false })
})

test('a compiled pipeline can run again from the beginning', async () => {
  const run = compilePipeline(stagesOf([{ $skip: 1 }, { $group: { _id: null, n: { $sum: 1 } } }]), defaults)
  for (let round = 0; round < 2; round++) {
    const results: Document[] = []
    for await (const result of run(sequence([{}, {}, {}]), new Pace(systemEnv))) results.push(documentOfBytes(result))
    expect(results.map(textOf)).toEqual([textOf({ _id: null, n: 2 })])
  }
})

test('long work stops when the command is to stop', async () => {
  const pace = new Pace(systemEnv, () => {
    throw new CommandError('MaxTimeMSExpired', 'operation exceeded time limit')
  })
  const run = compilePipeline(stagesOf([{ $group: { _id: null } }]), defaults)
  const documents = Array.from({ length: 100 }, () => ({}))
  await expect(async () => {
    for await (const _ of run(sequence(documents), pace));
  }).rejects.toMatchObject({ code: 50 })
})

test('$documents needs no collection', async () => {
  expect(
    (await aggregate([{ $documents: [{ a: 1 }, { a: { $add: [1, 1] } }] }], [{ ignored: 1 }])).map(textOf),
  ).toEqual([textOf({ a: 1 }), textOf({ a: 2 })])
})
