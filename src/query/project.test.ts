/** What projections leave of documents. */
import { Int32 } from 'bson'
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { type ProjectOptions } from './project.ts'
import { project, refusalOf, textOfDocument, valueOf } from './query.suite.ts'

type Case = readonly [spec: Document, document: Document, result: Document]

/** Integers are int32 on both sides. */
function expectCases(cases: readonly Case[], options: Partial<ProjectOptions> = {}): void {
  for (const [spec, document, result] of cases) {
    const claim = `${JSON.stringify(spec)} of ${JSON.stringify(document)}`
    expect(project(spec, document, options), claim).toBe(textOfDocument(asInt32(result) as Document))
  }
}

function asInt32(value: unknown): unknown {
  if (typeof value === 'number') return new Int32(value)
  if (Array.isArray(value)) return value.map(asInt32)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, asInt32(field)]))
}

const document = { _id: 1, a: { b: 1, c: 2 }, d: [{ e: 1, f: 2 }, 5, [{ e: 3 }], { f: 4 }], g: 'x' }

test('an inclusion keeps the named fields in the order of the document, and _id', () => {
  expectCases([
    [{ g: 1, a: 1 }, document, { _id: 1, a: { b: 1, c: 2 }, g: 'x' }],
    [{ g: true, _id: 0 }, document, { g: 'x' }],
    [{ _id: 1 }, document, { _id: 1 }],
    [{ x: 1 }, document, { _id: 1 }],
    [{ g: 1 }, { g: 1, _id: 2 }, { g: 1, _id: 2 }],
    [{ 'a.b': 1 }, document, { _id: 1, a: { b: 1 } }],
    [{ a: { b: 1 } }, document, { _id: 1, a: { b: 1 } }],
    [{ a: { b: 1 }, 'a.c': 1 }, document, { _id: 1, a: { b: 1, c: 2 } }],
    [{ 'a.x': 1 }, document, { _id: 1, a: {} }],
    [{ 'g.x': 1 }, document, { _id: 1 }],
    [{ 'd.e': 1 }, document, { _id: 1, d: [{ e: 1 }, [{ e: 3 }], {}] }],
    [{ '_id.x': 1 }, { _id: { x: 1, y: 2 }, a: 1 }, { _id: { x: 1 } }],
    [{ 'a.b': 1 }, { a: [] }, { a: [] }],
  ])
})

test('an exclusion leaves out the named fields and nothing else', () => {
  expectCases([
    [{ a: 0, d: 0 }, document, { _id: 1, g: 'x' }],
    [{ _id: 0 }, { _id: 1, a: 1 }, { a: 1 }],
    [
      { _id: 1, a: 0 },
      { _id: 1, a: 1, b: 2 },
      { _id: 1, b: 2 },
    ],
    [{ 'a.b': 0 }, document, { ...document, a: { c: 2 } }],
    [{ a: { b: false } }, document, { ...document, a: { c: 2 } }],
    [{ 'd.e': 0 }, document, { ...document, d: [{ f: 2 }, 5, [{}], { f: 4 }] }],
    [{ 'g.x': 0 }, document, document],
    [{ 'a.b': 0, 'a.c': 0 }, document, { ...document, a: {} }],
    [{ x: 0 }, {}, {}],
    [{ g: 0 }, { g: 1 }, {}],
  ])
})

test('an empty projection gives everything to find', () => {
  expectCases([[{}, document, document]])
})

test('computed fields come after those of the document, in the order of the specification', () => {
  expectCases([
    [{ y: '$g', x: { $add: ['$_id', 1] }, g: 1 }, document, { _id: 1, g: 'x', y: 'x', x: 2 }],
    [{ x: 'text' }, document, { _id: 1, x: 'text' }],
    [{ x: { $literal: 1 } }, document, { _id: 1, x: 1 }],
    [{ _id: 0, x: '$none', g: 1 }, document, { g: 'x' }],
    [{ g: '$a.b', a: 1 }, document, { _id: 1, a: { b: 1, c: 2 }, g: 1 }],
    [{ x: ['$a.b', '$a.c'] }, document, { _id: 1, x: [1, 2] }],
    [{ 'a.x': '$g', 'a.b': 1 }, document, { _id: 1, a: { b: 1, x: 'x' } }],
    [{ 'n.x': '$g', g: 1 }, document, { _id: 1, g: 'x', n: { x: 'x' } }],
    [
      { 'g.x': { $literal: 1 }, a: 1 },
      { g: 5, a: 2 },
      { g: { x: 1 }, a: 2 },
    ],
    [{ 'd.x': { $literal: 1 } }, { d: [{ e: 1 }, 5, [6]] }, { d: [{ x: 1 }, { x: 1 }, [{ x: 1 }]] }],
  ])
})

test('$elemMatch keeps the first item that matches', () => {
  const results = {
    results: [
      { p: 'a', s: 1 },
      { p: 'b', s: 8 },
      { p: 'c', s: 9 },
    ],
    x: 1,
    y: [3, 7, 9],
  }
  expectCases([
    [{ results: { $elemMatch: { s: { $gt: 5 } } } }, results, { results: [{ p: 'b', s: 8 }] }],
    [{ x: 1, y: { $elemMatch: { $gt: 5 } } }, results, { x: 1, y: [7] }],
    [{ y: { $elemMatch: { $gt: 50 } } }, results, {}],
    [{ x: { $elemMatch: { $gt: 0 } } }, results, {}],
    [{ results: 0, y: { $elemMatch: { $gt: 5 } } }, results, { x: 1, y: [7] }],
    [{ _id: 0, y: { $elemMatch: { $gt: 5 } } }, { _id: 1, ...results }, { y: [7] }],
  ])
})

test('$slice cuts arrays and, alone, keeps all other fields', () => {
  const numbers = { _id: 1, a: [1, 2, 3, 4], b: [{ c: [1, 2] }, 5, { c: [3, 4] }], x: 1 }
  expectCases([
    [{ a: { $slice: 2 } }, numbers, { ...numbers, a: [1, 2] }],
    [{ a: { $slice: -2 } }, numbers, { ...numbers, a: [3, 4] }],
    [{ a: { $slice: 0 } }, numbers, { ...numbers, a: [] }],
    [{ a: { $slice: [1, 2] } }, numbers, { ...numbers, a: [2, 3] }],
    [{ a: { $slice: [-3, 2] } }, numbers, { ...numbers, a: [2, 3] }],
    [{ a: { $slice: [-9, 2] } }, numbers, { ...numbers, a: [1, 2] }],
    [{ a: { $slice: [9, 2] } }, numbers, { ...numbers, a: [] }],
    [{ a: { $slice: 1 }, x: 1 }, numbers, { _id: 1, a: [1], x: 1 }],
    [{ a: { $slice: 1 }, x: 0 }, numbers, { _id: 1, a: [1], b: numbers.b }],
    [{ a: { $slice: 1 }, _id: 1 }, numbers, { _id: 1, a: [1] }],
    [{ 'b.c': { $slice: 1 } }, numbers, { ...numbers, b: [{ c: [1] }, 5, { c: [3] }] }],
    [{ x: { $slice: 1 } }, numbers, numbers],
    [{ z: { $slice: 1 } }, numbers, numbers],
  ])
})

test('the positional operator keeps the item by which the document matched', () => {
  const array = { a: [5, 7, 9], b: { c: [1, 2] }, x: 1 }
  expectCases([[{ 'a.$': 1 }, array, { a: [7] }]], { filter: valueOf({ a: 7 }) })
  expectCases([[{ 'a.$': 1, x: 1 }, array, { a: [9], x: 1 }]], { filter: valueOf({ a: { $gt: 7 } }) })
  expectCases([[{ 'b.c.$': 1 }, array, { b: { c: [2] } }]], { filter: valueOf({ 'b.c': 2 }) })
  expectCases([[{ 'x.$': 1 }, array, { x: 1 }]], { filter: valueOf({ x: 1 }) })
  expect(refusalOf(() => project({ 'a.$': 1 }, array, { filter: valueOf({ x: 1 }) }))).toMatch(
    /^Location51246: .*positional/,
  )
})

test('aggregation computes and does not know what only find has', () => {
  expectCases([[{ x: { $add: ['$_id', 1] } }, document, { _id: 1, x: 2 }]], { of: 'aggregate' })
  const refusals: [Document, string][] = [
    [{}, 'Location51272'],
    [{ 'a.$': 1 }, 'Location31324'],
    [{ a: { $elemMatch: { b: 1 } } }, 'InvalidPipelineOperator'],
  ]
  for (const [spec, code] of refusals) {
    expect(refusalOf(() => project(spec, {}, { of: 'aggregate' }))).toMatch(new RegExp(`^${code}: `))
  }
})

test('what does not fit together is refused with the code of the server', () => {
  const refusals: [Document, string][] = [
    [{ a: 1, b: 0 }, 'Location31254: Cannot do exclusion on field b in inclusion projection'],
    [{ a: 0, b: 1 }, 'Location31253: Cannot do inclusion on field b in exclusion projection'],
    [{ a: 0, b: '$x' }, 'Location31310'],
    [{ a: 0, b: { $add: [1, 2] } }, 'Location31252'],
    [{ a: 1, 'a.b': 1 }, 'Location31249: Path collision at a.b remaining portion b'],
    [{ 'a.b': 1, a: 1 }, 'Location31250: Path collision at a'],
    [{ a: { b: 1, c: 0 } }, 'Location31254'],
    [{ a: {} }, 'Location51270'],
    [{ a: { $foo: 1 } }, 'Location31325: Unknown expression $foo'],
    [{ a: { $add: [1], b: 1 } }, 'Location16410'],
    [{ $a: 1 }, 'Location16410'],
    [{ 'a.': 1 }, 'Location40353'],
    [{ '': 1 }, 'Location40352'],
    [{ 'a..b': 1 }, 'Location15998'],
    [{ 'a.$.b': 1 }, 'Location31394'],
    [{ 'a.$': 1 }, 'Location51050'],
    [{ 'a.b': { $elemMatch: { c: 1 } } }, 'Location31275'],
    [{ a: { $elemMatch: 1 } }, 'Location31274'],
    [{ a: { $meta: 'textScore' } }, 'NotImplemented'],
  ]
  for (const [spec, refusal] of refusals) {
    const found = refusalOf(() => project(spec, {}))
    expect(found?.startsWith(refusal) ? refusal : found, JSON.stringify(spec)).toBe(refusal)
  }
  const withFilter: [Document, string][] = [
    [{ 'a.$': 1, 'b.$': 1 }, 'Location31276'],
    [{ 'a.$': 1, b: { $elemMatch: { c: 1 } } }, 'Location31255'],
    [{ b: { $elemMatch: { c: 1 } }, 'a.$': 1 }, 'Location31256'],
    [{ 'a.$': 0 }, 'Location31395'],
    [{ 'a.$': 'x' }, 'Location31308'],
    [{ 'a.$': { b: 1 } }, 'Location31271'],
    [{ b: 0, 'a.$': 1 }, 'Location31253'],
  ]
  for (const [spec, refusal] of withFilter) {
    const found = refusalOf(() => project(spec, {}, { filter: valueOf({ a: 1 }) }))
    expect(found?.startsWith(refusal) ? refusal : found, JSON.stringify(spec)).toBe(refusal)
  }
})
