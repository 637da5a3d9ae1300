import { Double, Long } from 'bson'
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { elementsOf } from '../bson/reader.ts'
import { documentValue, toInt32 } from '../bson/value.ts'
import { BsonWriter } from '../bson/writer.ts'
import { compileChangeStreamPipeline } from './pipeline.ts'
import { applyTo, bytesOf, defaults, nowMs, stagesOf, textOf } from './pipeline.suite.ts'

type Case = [title: string, stage: Document, before: Document, after: Document | undefined]

function check(_: string, stage: Document, before: Document, after: Document | undefined): void {
  const result = applyTo(before, [stage])
  expect(result && textOf(result)).toBe(after && textOf(after))
}

test.each<Case>([
  ['a new field goes to the end', { $addFields: { b: 1 } }, { a: 0 }, { a: 0, b: 1 }],
  ['a field that is there keeps its place', { $addFields: { a: 1 } }, { a: 0, b: 0 }, { a: 1, b: 0 }],
  ['new fields are in the order of the stage', { $set: { c: 1, b: 2 } }, { a: 0 }, { a: 0, c: 1, b: 2 }],
  [
    'a number keeps its type',
    { $set: { b: '$a' } },
    { a: Long.fromInt(1) },
    { a: Long.fromInt(1), b: Long.fromInt(1) },
  ],
  ['every expression sees the document as it was', { $set: { a: '$b', b: '$a' } }, { a: 1, b: 2 }, { a: 2, b: 1 }],
  ['what is missing is left out', { $set: { b: '$none' } }, { a: 0 }, { a: 0 }],
  ['what is missing takes a field out', { $set: { a: '$none' } }, { a: 0, b: 1 }, { b: 1 }],
  ['$$REMOVE takes a field out', { $set: { 'a.b': '$$REMOVE' } }, { a: { b: 1, c: 2 } }, { a: { c: 2 } }],
  ['null is a value', { $set: { a: null } }, { a: 0 }, { a: null }],
  ['a dotted path', { $set: { 'a.b': 1 } }, { a: { c: 0 } }, { a: { c: 0, b: 1 } }],
  ['a nested document is paths', { $set: { a: { b: 1, d: 2 } } }, { a: { c: 0, b: 0 } }, { a: { c: 0, b: 1, d: 2 } }],
  ['paths below one field are set together', { $set: { 'a.b': 1, 'a.c': 2 } }, { x: 0 }, { x: 0, a: { b: 1, c: 2 } }],
  ['a path makes the documents on its way', { $set: { 'a.b.c': 1 } }, {}, { a: { b: { c: 1 } } }],
  ['a path takes the place of what is no document', { $set: { 'a.b': 1 } }, { a: 7 }, { a: { b: 1 } }],
  ['a path with nothing at its end leaves a document', { $set: { 'a.b': '$none' } }, { a: 7 }, { a: {} }],
  [
    'a path goes into every item of an array',
    { $set: { 'a.b': '$x' } },
    { x: 1, a: [{ c: 0 }, 7, [{ b: 2 }]] },
    { x: 1, a: [{ c: 0, b: 1 }, { b: 1 }, [{ b: 1 }]] },
  ],
  ['an empty array stays empty', { $set: { 'a.b': 1 } }, { a: [] }, { a: [] }],
  ['a number in a path is a name', { $set: { 'a.0': 1 } }, { a: { x: 1 } }, { a: { x: 1, 0: 1 } }],
  ['an empty document is a value', { $set: { a: {} } }, { a: { b: 1 } }, { a: {} }],
  ['an array is a value', { $set: { a: ['$b', { c: 1 }] } }, { b: 2 }, { b: 2, a: [2, { c: 1 }] }],
  ['an expression in a nested document', { $set: { a: { b: { $add: ['$x', 1] } } } }, { x: 1 }, { x: 1, a: { b: 2 } }],
  ['$$NOW is the time of the command', { $set: { at: '$$NOW' } }, {}, { at: new Date(nowMs) }],
  ['no fields change nothing', { $set: {} }, { a: 1 }, { a: 1 }],
  ['a field outside ASCII', { $set: { 'ä.ö': 1 } }, { ä: { ö: 0, ü: 2 } }, { ä: { ö: 1, ü: 2 } }],
])('$addFields: %s', check)

test.each<Case>([
  ['one path', { $unset: 'a.b' }, { a: { b: 1, c: 2 } }, { a: { c: 2 } }],
  ['several paths', { $unset: ['a', 'c.d'] }, { a: 1, b: 2, c: { d: 3 } }, { b: 2, c: {} }],
  ['a path through an array', { $unset: 'a.b' }, { a: [{ b: 1, c: 2 }, 3] }, { a: [{ c: 2 }, 3] }],
  ['_id', { $unset: '_id' }, { _id: 1, a: 2 }, { a: 2 }],
])('$unset: %s', check)

test.each<Case>([
  ['inclusion keeps _id', { $project: { a: 1 } }, { _id: 1, a: 2, b: 3 }, { _id: 1, a: 2 }],
  ['exclusion', { $project: { a: 0 } }, { _id: 1, a: 2, b: 3 }, { _id: 1, b: 3 }],
  ['computed', { $project: { c: { $add: ['$a', 1] }, _id: 0 } }, { _id: 1, a: 2 }, { c: 3 }],
])('$project: %s', check)

test.each<Case>([
  ['a match passes the document', { $match: { a: 1 } }, { a: new Double(1), b: 2 }, { a: new Double(1), b: 2 }],
  ['no match gives nothing', { $match: { a: 1 } }, { a: 2 }, undefined],
  ['$expr', { $match: { $expr: { $gt: ['$a', '$b'] } } }, { a: 2, b: 1 }, { a: 2, b: 1 }],
])('$match: %s', check)

test.each<Case>([
  ['an embedded document', { $replaceRoot: { newRoot: '$a' } }, { a: { b: 1 } }, { b: 1 }],
  ['a made document', { $replaceRoot: { newRoot: { c: '$a' } } }, { a: 1 }, { c: 1 }],
  ['$replaceWith', { $replaceWith: { x: 1, root: '$$ROOT' } }, { a: 1 }, { x: 1, root: { a: 1 } }],
])('$replaceRoot: %s', check)

const levels = { $redact: { $cond: [{ $lte: ['$level', 1] }, '$$DESCEND', '$$PRUNE'] } }

test.each<Case>([
  ['$$KEEP keeps all', { $redact: '$$KEEP' }, { level: 9, a: { b: 1 } }, { level: 9, a: { b: 1 } }],
  ['$$PRUNE leaves nothing', { $redact: '$$PRUNE' }, { a: 1 }, undefined],
  ['a document without anything embedded', levels, { level: 1, a: [1, 2] }, { level: 1, a: [1, 2] }],
  [
    '$$DESCEND asks of each embedded document',
    levels,
    { level: 1, a: { level: 2, x: 1 }, b: { level: 0, c: { level: 3 }, d: 4 }, e: 5 },
    { level: 1, b: { level: 0, d: 4 }, e: 5 },
  ],
  [
    'and of each document in an array, also in arrays in it',
    levels,
    { level: 1, a: [{ level: 2 }, { level: 1, x: 1 }, 7, [{ level: 5 }, { level: 0 }]] },
    { level: 1, a: [{ level: 1, x: 1 }, 7, [{ level: 0 }]] },
  ],
  [
    '$$KEEP keeps what is below without asking',
    { $redact: { $cond: ['$keep', '$$KEEP', '$$DESCEND'] } },
    { a: { keep: true, b: { x: 1 } }, c: { d: 1 } },
    { a: { keep: true, b: { x: 1 } }, c: { d: 1 } },
  ],
  [
    '$$ROOT stays the whole document',
    { $redact: { $cond: [{ $lte: ['$level', '$$ROOT.max'] }, '$$DESCEND', '$$PRUNE'] } },
    { max: 2, level: 0, a: { level: 2 }, b: { level: 3 } },
    { max: 2, level: 0, a: { level: 2 } },
  ],
  [
    'a variable of the expression may be called CURRENT too',
    { $redact: { $let: { vars: { CURRENT: '$$ROOT.sub' }, in: { $cond: ['$yes', '$$KEEP', '$$PRUNE'] } } } },
    { sub: { yes: true }, yes: false },
    { sub: { yes: true }, yes: false },
  ],
])('$redact: %s', check)

test.each<[number, Document, Document?]>([
  [40272, { $addFields: 1 }],
  [40176, { $set: { a: 1, 'a.b': 2 } }],
  [40176, { $set: { 'a.b': 1, a: { b: 2 } } }],
  [40181, { $set: { a: { $add: [1, 2], b: 1 } } }],
  [40181, { $set: { a: { b: 1, $add: [1, 2] } } }],
  [40183, { $set: { a: { 'b.c': 1 } } }],
  [15998, { $set: { 'a..b': 1 } }],
  [40353, { $set: { 'a.': 1 } }],
  [16410, { $set: { 'a.$b': 1 } }],
  [168, { $set: { a: { $foo: 1 } } }],
  [15959, { $match: 1 }],
  [15969, { $project: 1 }],
  [51272, { $project: {} }],
  [31002, { $unset: 1 }],
  [31119, { $unset: [] }],
  [31120, { $unset: ['a', 1] }],
  [40229, { $replaceRoot: 1 }],
  [40230, { $replaceRoot: { newRoot: '$a', other: 1 } }],
  [40231, { $replaceRoot: {} }],
  [40228, { $replaceRoot: { newRoot: '$a' } }, { a: 1 }],
  [40228, { $replaceWith: '$none' }, { a: 1 }],
  [17053, { $redact: '$a' }, { a: 'other' }],
  [17053, { $redact: '$none' }, {}],
])('code %d for %j', (code, stage, document = {}) => {
  expect(() => applyTo(document, [stage])).toThrow(expect.objectContaining({ code }))
})

test('what $redact leaves alone is the same bytes', () => {
  const event = bytesOf({ a: { b: 1 }, c: [{ d: 1 }, 2] })
  expect(compileChangeStreamPipeline(stagesOf([{ $redact: '$$DESCEND' }]), defaults).apply(event)).toBe(event)
})

test('the first of several fields of one name is set, the others stay', () => {
  const writer = new BsonWriter()
  writer.int32('a', 1)
  writer.int32('a', 2)
  const set = compileChangeStreamPipeline(stagesOf([{ $set: { a: 9 } }]), defaults)
  const result = set.apply(writer.finish())
  const elements = result && elementsOf(documentValue(result)).map(([name, value]) => [name, toInt32(value)])
  expect(elements).toEqual([
    ['a', 9],
    ['a', 2],
  ])
})
