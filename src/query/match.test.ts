/** What matches what: the rules of filters, one line a case. */
import {
  BSONRegExp,
  BSONSymbol,
  Binary,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson'
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { parseCollation } from '../bson/collation.ts'
import { compileMatch, equalitiesOf } from './match.ts'
import { expectRefusals, matchedIndex, matches, readCases, textOfDocument, valueOf } from './query.suite.ts'

type Case = readonly [filter: Document, document: Document, matches: boolean]

function expectCases(cases: readonly Case[]): void {
  for (const [filter, document, expected] of cases) {
    const claim = `${textOfDocument(filter)} on ${textOfDocument(document)}`
    expect(matches(filter, document), claim).toBe(expected)
  }
}

const long = (text: string) => Long.fromString(text)
const decimal = (text: string) => Decimal128.fromString(text)

test('filters answer as the documented cases do', async () => {
  const cases = await readCases()
  for (const [claim, filter, document, expected] of cases?.Q ?? []) {
    expect(matches(filter, document), claim).toBe(expected)
  }
})

test('an empty filter matches everything', () => {
  expectCases([
    [{}, {}, true],
    [{}, { a: 1 }, true],
    [{ $and: [{}] }, { a: 1 }, true],
    [{ $comment: 'why' }, {}, true],
    [{ $alwaysTrue: 1 }, {}, true],
    [{ $alwaysFalse: 1 }, {}, false],
  ])
})

test('all top-level fields are found in one walk, whatever their order and number', () => {
  const many = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`field${index}`, index]))
  const reversed = Object.fromEntries(Object.entries(many).reverse())
  expectCases([
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1, b: 2 }, { b: 2, c: 1 }, false],
    [{ a: 1, b: null }, { a: 1 }, true],
    [{ a: 1, b: 2, c: 3, d: 4 }, { d: 4, x: 0, c: 3, b: 2, a: 1 }, true],
    [{ a: 1, b: 2, c: 3, d: 4 }, { d: 4, x: 0, c: 3, b: 2, a: 2 }, false],
    [many, reversed, true],
    [many, { ...reversed, field33: 'other' }, false],
    [{ ...many, more: { $exists: false } }, reversed, true],
    [{ $and: [{ a: { $gt: 1 } }, { a: { $lt: 5 } }], b: 1 }, { a: 3, b: 1 }, true],
    [{ $and: [{ a: { $gt: 1 } }, { a: { $lt: 5 } }], b: 1 }, { a: 7, b: 1 }, false],
  ])
})

test('names that begin alike, and short and long ones, are told apart', () => {
  const names = [
    '',
    'a',
    'ab',
    'abc',
    'abcd',
    'abcde',
    'abcdefg',
    'abcdefgh',
    'abcdefghi',
    'abcdefghijklmno',
    'é',
    'éa',
  ]
  const document = Object.fromEntries(names.map((name, index) => [name, index]))
  for (const [index, name] of names.entries()) {
    expect(matches({ [name]: index }, document), name).toBe(true)
    expect(matches({ [name]: index + 1 }, document), name).toBe(false)
    expect(matches({ [`${name}x`]: { $exists: true } }, document), name).toBe(false)
    expect(matches({ [name]: index, zz: null, yy: null, xx: null }, document), name).toBe(true)
    expect(matches({ [name]: null }, { [name]: null }), name).toBe(true)
    expect(matches({ [`${name}x`]: 1, [`${name}y`]: 1, q: 1 }, { [name]: null }), name).toBe(false)
  }
})

test('values compare only with their like', () => {
  expectCases([
    [{ a: { $gte: new Int32(1) } }, { a: new Double(1) }, true],
    [{ a: { $gt: long('9007199254740992') } }, { a: long('9007199254740993') }, true],
    [{ a: long('9007199254740993') }, { a: new Double(9007199254740992) }, false],
    [{ a: new Double(2 ** 60) }, { a: long('1152921504606846976') }, true],
    [{ a: { $lt: decimal('0.5') } }, { a: new Double(0.25) }, true],
    [{ a: decimal('0.5') }, { a: new Double(0.5) }, true],
    [{ a: { $lt: long('-9223372036854775807') } }, { a: long('-9223372036854775808') }, true],
    [{ a: { $lt: 5 } }, { a: '1' }, false],
    [{ a: { $lt: 5 } }, { a: null }, false],
    [{ a: 'x' }, { a: new BSONSymbol('x') }, true],
    [{ a: new BSONSymbol('x') }, { a: 'x' }, true],
    [{ a: { $lt: 'b' } }, { a: 'aa' }, true],
    [{ a: { $lt: 'b' } }, { a: 'b' }, false],
    [{ a: { $lte: 'b' } }, { a: 'b' }, true],
    [{ a: { $gt: '' } }, { a: 'b' }, true],
    [{ a: { $gt: new Date(-5) } }, { a: new Date(5) }, true],
    [{ a: { $lt: new Date(-5) } }, { a: new Date(-6) }, true],
    [{ a: { $gt: new Timestamp({ t: 1, i: 5 }) } }, { a: new Timestamp({ t: 0xffffffff, i: 1 }) }, true],
    [{ a: { $lt: true } }, { a: false }, true],
    [{ a: true }, { a: 1 }, false],
    [{ a: { $gt: { b: 1 } } }, { a: { b: 2 } }, true],
    [{ a: { $gt: { b: 1 } } }, { a: 5 }, false],
    [{ a: { b: new Double(1) } }, { a: { b: new Int32(1) } }, true],
    [{ a: { b: 1, c: 2 } }, { a: { c: 2, b: 1 } }, false],
    [{ a: new ObjectId('65a000000000000000000001') }, { a: new ObjectId('65a000000000000000000001') }, true],
    [{ a: { $lt: new ObjectId('65a000000000000000000001') } }, { a: new ObjectId('65a000000000000000000000') }, true],
    [{ a: new Binary(Buffer.from('ab'), 0) }, { a: new Binary(Buffer.from('ab'), 5) }, false],
  ])
})

test('MinKey and MaxKey compare with everything', () => {
  expectCases([
    [{ a: { $gt: new MinKey() } }, { a: 'x' }, true],
    [{ a: { $gt: new MinKey() } }, {}, true],
    [{ a: { $gt: new MinKey() } }, { a: new MinKey() }, false],
    [{ a: { $gte: new MinKey() } }, { a: new MinKey() }, true],
    [{ a: { $lt: new MinKey() } }, { a: 1 }, false],
    [{ a: { $lt: new MaxKey() } }, { a: null }, true],
    [{ a: { $lte: new MaxKey() } }, { a: new MaxKey() }, true],
    [{ a: new MaxKey() }, { a: 1 }, false],
  ])
})

test('NaN equals NaN and is neither less nor greater than a number', () => {
  const nan = new Double(NaN)
  expectCases([
    [{ a: nan }, { a: decimal('NaN') }, true],
    [{ a: { $gte: nan } }, { a: nan }, true],
    [{ a: { $gt: nan } }, { a: 1 }, false],
    [{ a: { $lt: decimal('5') } }, { a: nan }, false],
    [{ a: { $lt: 5 } }, { a: decimal('NaN') }, false],
    [{ a: { $in: [nan, 1, 2, 3, 4] } }, { a: nan }, true],
    [{ a: { $in: [nan, 1, 2, 3, 4] } }, { a: decimal('NaN') }, true],
  ])
})

test('null equals null and what is missing, but not the deprecated undefined', () => {
  expectCases([
    [{ a: null }, {}, true],
    [{ a: null }, { a: undefined }, true],
    [{ a: { $ne: null } }, { a: 1 }, true],
    [{ 'a.b': null }, { a: { c: 1 } }, true],
    [{ 'a.b': null }, { a: 5 }, true],
    [{ 'a.b': null }, { a: [5] }, false],
    [{ 'a.b': null }, { a: [5, {}] }, true],
    [{ 'a.b.c': null }, { a: [{ b: [] }] }, false],
    [{ a: null }, { a: [1, null] }, true],
    [{ a: null }, { a: [] }, false],
    [{ a: { $in: [null, 1, 2, 3, 4] } }, {}, true],
    [{ a: { $nin: [null] } }, {}, false],
    [{ a: { $gte: null } }, { a: 0 }, false],
  ])
  // The `bson` package writes an undefined as null: { a: undefined } has to be made by hand.
  const bytes = Uint8Array.of(8, 0, 0, 0, 6, 0x61, 0, 0)
  const asked = (filter: Document) => compileMatch(valueOf(filter), {})(bytes)
  expect(asked({ a: null })).toBe(false)
  expect(asked({ a: { $in: [null, 1, 2, 3, 4] } })).toBe(false)
  expect(asked({ a: { $exists: true } })).toBe(true)
  expect(asked({ a: { $type: 'undefined' } })).toBe(true)
})

test('an array is met by an item or as a whole', () => {
  expectCases([
    [{ a: 2 }, { a: [1, 2] }, true],
    [{ a: [1, 2] }, { a: [1, 2] }, true],
    [{ a: [1, 2] }, { a: [[1, 2]] }, true],
    [{ a: [1] }, { a: [1, 2] }, false],
    [{ a: { $gt: [1] } }, { a: [2] }, true],
    [{ a: { $gt: [1] } }, { a: [[0], [5]] }, true],
    [{ a: 1 }, { a: [[1]] }, false],
    [{ a: { $gt: 5, $lt: 3 } }, { a: [1, 10] }, true],
    [{ a: { $ne: 1 } }, { a: [1, 2] }, false],
    [{ a: { $not: { $gt: 5 } } }, { a: [1, 10] }, false],
    [{ a: { $exists: true } }, { a: [] }, true],
    [{ a: { $type: 'array' } }, { a: [] }, true],
    [{ a: { $type: 'array' } }, { a: [1] }, true],
    [{ a: { $type: 'int' } }, { a: [new Int32(1)] }, true],
  ])
})

test('a path goes through the documents of an array, and no further', () => {
  expectCases([
    [{ 'a.b': 2 }, { a: [{ b: 1 }, { b: 2 }] }, true],
    [{ 'a.b': 2 }, { a: [{ b: [1, 2] }] }, true],
    [{ 'a.b.c': 2 }, { a: [{ b: [{ c: 1 }, { c: 2 }] }] }, true],
    [{ 'a.b': 1 }, { a: [[{ b: 1 }]] }, false],
    [{ 'a.b': { $ne: 1 } }, { a: [{ b: 2 }, { b: 1 }] }, false],
    [{ 'a.b': { $exists: false } }, { a: [1, 2] }, true],
    [{ 'a.b': { $exists: true } }, { a: [1, { b: null }] }, true],
    [{ 'a.b': { $size: 2 } }, { a: [{ b: [1, 2] }] }, true],
  ])
})

test('a number in a path is a position, and a name in the documents of the array', () => {
  expectCases([
    [{ 'a.1': 7 }, { a: [5, 7] }, true],
    [{ 'a.01': 7 }, { a: [5, 7] }, false],
    [{ 'a.0': 7 }, { a: { 0: 7 } }, true],
    [{ 'a.0': 1 }, { a: [{ 0: 1 }] }, true],
    [{ 'a.1': { 1: 4 } }, { a: [5, { 1: 4 }] }, true],
    // An array that was reached by its position is asked as a whole only.
    [{ 'a.0': 1 }, { a: [[1, 2]] }, false],
    [{ 'a.0': [1, 2] }, { a: [[1, 2]] }, true],
    [{ 'a.0.1': 2 }, { a: [[1, 2]] }, true],
    [{ 'a.0.b': 4 }, { a: [[{ b: 4 }]] }, true],
    [{ 'a.1.b': 4 }, { a: [5, { b: 4 }] }, true],
    [{ 'a.1.b': null }, { a: [5, { b: 4 }] }, true],
    [{ 'a.0.b': null }, { a: [5] }, false],
    [{ 'a.2': { $exists: true } }, { a: [1, 2] }, false],
    [{ 'a.b.0': 1 }, { a: [{ b: [1, 2] }] }, true],
    [{ '0': 1 }, { 0: 1 }, true],
  ])
})

test('$in finds values and patterns in long lists too', () => {
  const texts = Array.from({ length: 50 }, (_, index) => `text${index}`)
  const numbers = [new Int32(1), new Double(2.5), long('9007199254740993'), decimal('3.5'), decimal('0.1')]
  const mixed = [...texts, ...numbers, new Date(7), true, { a: 1 }, [1, 2], new ObjectId('65a000000000000000000001')]
  expectCases([
    [{ a: { $in: mixed } }, { a: 'text33' }, true],
    [{ a: { $in: mixed } }, { a: 'text50' }, false],
    [{ a: { $in: mixed } }, { a: new BSONSymbol('text3') }, true],
    [{ a: { $in: mixed } }, { a: new Double(1) }, true],
    [{ a: { $in: mixed } }, { a: long('1') }, true],
    [{ a: { $in: mixed } }, { a: long('9007199254740993') }, true],
    [{ a: { $in: mixed } }, { a: new Double(9007199254740992) }, false],
    [{ a: { $in: mixed } }, { a: new Double(3.5) }, true],
    [{ a: { $in: mixed } }, { a: new Double(0.1) }, false],
    [{ a: { $in: mixed } }, { a: decimal('2.50') }, true],
    [{ a: { $in: mixed } }, { a: new Date(7) }, true],
    [{ a: { $in: mixed } }, { a: { a: new Double(1) } }, true],
    [{ a: { $in: mixed } }, { a: [1, 2] }, true],
    [{ a: { $in: mixed } }, { a: [0, 'text1'] }, true],
    [{ a: { $in: mixed } }, { a: new ObjectId('65a000000000000000000001') }, true],
    [{ a: { $in: mixed } }, { a: null }, false],
    [{ a: { $nin: mixed } }, {}, true],
    [{ a: { $in: [] } }, { a: 1 }, false],
    [{ a: { $nin: [] } }, { a: 1 }, true],
    [{ a: { $in: [/^b/i, 5] } }, { a: 'Bar' }, true],
    [{ a: { $in: [/^b/i, 5] } }, { a: 5 }, true],
    [{ a: { $nin: [/^b/] } }, { a: 'bar' }, false],
  ])
})

test('$all asks for each of its items, $elemMatch for all in one', () => {
  expectCases([
    [{ a: { $all: [1, /x/] } }, { a: ['xy', 1] }, true],
    [{ a: { $all: [[1]] } }, { a: [[1], 2] }, true],
    [{ a: { $all: [] } }, { a: [] }, false],
    [{ a: { $not: { $all: [] } } }, {}, true],
    [{ a: { $all: [{ $elemMatch: { b: 1 } }, { $elemMatch: { b: 2 } }] } }, { a: [{ b: 1 }, { b: 2 }] }, true],
    [{ a: { $all: [{ $elemMatch: { b: 1, c: 1 } }] } }, { a: [{ b: 1 }, { c: 1 }] }, false],
    [{ a: { $elemMatch: { $gt: 1, $lt: 5 } } }, { a: [0, 3] }, true],
    [{ a: { $elemMatch: { $gt: 1, $lt: 3 } } }, { a: [0, 5] }, false],
    [{ a: { $elemMatch: { $ne: 1 } } }, { a: [1] }, false],
    [{ a: { $elemMatch: { $not: { $gt: 1 } } } }, { a: [5, 1] }, true],
    [{ a: { $elemMatch: { $exists: true } } }, { a: [] }, false],
    [{ a: { $elemMatch: { $in: [1, 2] } } }, { a: [[1]] }, false],
    [{ a: { $elemMatch: { b: { $gt: 1 }, $or: [{ c: 1 }, { c: 2 }] } } }, { a: [{ b: 2, c: 2 }] }, true],
    [{ a: { $elemMatch: { $or: [{ c: 1 }, { b: 5 }] } } }, { a: [{ b: 2 }, { b: 5 }] }, true],
    [{ a: { $elemMatch: { $and: [{ b: 2 }] } } }, { a: [{ b: 2 }] }, true],
    [{ a: { $elemMatch: {} } }, { a: [1] }, false],
    [{ a: { $elemMatch: {} } }, { a: [{}] }, true],
    [{ 'a.b': { $elemMatch: { c: 1 } } }, { a: [{ b: [{ c: 1 }] }] }, true],
    [{ a: { $elemMatch: { 0: 1 } } }, { a: [[1]] }, true],
    [{ a: { $elemMatch: { $elemMatch: { $gt: 2 } } } }, { a: [[1], [3]] }, true],
  ])
})

test('$and, $or and $nor join filters, on one field or several', () => {
  expectCases([
    [{ $or: [{ a: 1 }, { b: 2 }] }, { b: 2 }, true],
    [{ $or: [{ a: 1 }, { b: 2 }] }, { a: 2, b: 1 }, false],
    [{ $or: [{ a: 1 }, { b: null }] }, {}, true],
    [{ $or: [{ a: 1 }, { a: 2 }] }, { a: 2 }, true],
    [{ $or: [{ a: 1, b: 1 }, { c: 1 }] }, { a: 1, b: 2, c: 1 }, true],
    [{ $or: [{ a: 1 }] }, { a: 1 }, true],
    [{ $nor: [{ a: 1 }, { b: 1 }] }, { a: 2 }, true],
    [{ $nor: [{ a: 1 }, { b: 1 }] }, { b: 1 }, false],
    [{ $nor: [{ a: 1, b: 1 }] }, { a: 1 }, true],
    [{ $and: [{ $or: [{ a: 1 }, { a: 2 }] }, { $or: [{ b: 1 }, { b: 2 }] }] }, { a: 2, b: 2 }, true],
    [{ a: 3, $or: [{ b: 1 }, { $and: [{ c: 1 }, { d: 1 }] }] }, { a: 3, c: 1, d: 1 }, true],
  ])
})

test('$not turns what is inside round, on the whole path', () => {
  expectCases([
    [{ a: { $not: { $eq: 1 } } }, { a: [1, 2] }, false],
    [{ a: { $not: /x/ } }, { a: 'y' }, true],
    [{ a: { $not: { $regex: 'x', $options: 'i' } } }, { a: 'X' }, false],
    [{ a: { $not: { $gt: 1, $lt: 5 } } }, { a: 7 }, true],
    [{ a: { $not: { $not: { $gt: 1 } } } }, { a: 7 }, true],
    [{ 'a.b': { $not: { $gt: 1 } } }, { a: 5 }, true],
  ])
})

test('a regular expression matches texts, and itself as a value', () => {
  expectCases([
    [{ a: /^ab/ }, { a: 'abc' }, true],
    [{ a: /^ab/ }, { a: 'xab' }, false],
    [{ a: /^ab/ }, { a: 'a' }, false],
    [{ a: /b/ }, { a: ['x', 'b'] }, true],
    [{ a: /b/ }, { a: new BSONSymbol('ab') }, true],
    [{ a: { $regex: 'B', $options: 'i' } }, { a: 'b' }, true],
    [{ a: { $options: 'i', $regex: 'B' } }, { a: 'b' }, true],
    [{ a: { $regex: /B/i } }, { a: 'b' }, true],
    [{ a: { $regex: /B/, $options: 'i' } }, { a: 'b' }, true],
    [{ a: { $eq: /b/ } }, { a: 'b' }, false],
    [{ a: { $eq: /b/ } }, { a: new BSONRegExp('b', '') }, true],
    [{ a: /b/ }, { a: new BSONRegExp('b', 'i') }, false],
    [{ a: /^café/ }, { a: 'cafés' }, true],
  ])
})

test('$mod, $size, $type and $bits look at numbers of every type', () => {
  expectCases([
    [{ a: { $mod: [4, 1] } }, { a: -3 }, false],
    [{ a: { $mod: [4, -3] } }, { a: -3 }, true],
    [{ a: { $mod: [4, 0] } }, { a: -4 }, true],
    [{ a: { $mod: [4.9, 1.9] } }, { a: 5 }, true],
    [{ a: { $mod: [long('9007199254740993'), 0] } }, { a: long('9007199254740993') }, true],
    [{ a: { $mod: [2, 1] } }, { a: decimal('3.7') }, true],
    [{ a: { $mod: [2, 1] } }, { a: new Double(Infinity) }, false],
    [{ a: { $mod: [2, 1] } }, { a: '3' }, false],
    [{ a: { $size: long('0') } }, { a: [] }, true],
    [{ a: { $size: 1 } }, { a: 'x' }, false],
    [{ a: { $type: 'number' } }, { a: long('1') }, true],
    [{ a: { $type: -1 } }, { a: new MinKey() }, true],
    [{ a: { $type: 127 } }, { a: new MaxKey() }, true],
    [{ a: { $type: ['string', 10] } }, { a: null }, true],
    [{ a: { $type: 'string' } }, {}, false],
    [{ a: { $bitsAllSet: 5 } }, { a: 7 }, true],
    [{ a: { $bitsAllSet: [0, 3] } }, { a: 7 }, false],
    [{ a: { $bitsAllClear: [3, 63] } }, { a: 7 }, true],
    [{ a: { $bitsAllSet: [63] } }, { a: -1 }, true],
    [{ a: { $bitsAllSet: [200] } }, { a: new Int32(-1) }, true],
    [{ a: { $bitsAnySet: long('4294967296') } }, { a: long('4294967296') }, true],
    [{ a: { $bitsAnyClear: 6 } }, { a: 2 }, true],
    [{ a: { $bitsAnyClear: 6 } }, { a: 6 }, false],
    [{ a: { $bitsAllSet: new Binary(Buffer.from([6])) } }, { a: 7 }, true],
    [{ a: { $bitsAllSet: [9] } }, { a: new Binary(Buffer.from([0, 2])) }, true],
    [{ a: { $bitsAllClear: [40] } }, { a: new Binary(Buffer.from([0, 2])) }, true],
    [{ a: { $bitsAllSet: 1 } }, { a: new Double(1.5) }, false],
    [{ a: { $bitsAllSet: 1 } }, { a: decimal('1') }, true],
    [{ a: { $bitsAllSet: 0 } }, { a: 0 }, true],
    [{ a: { $bitsAnySet: 0 } }, { a: 1 }, false],
  ])
})

test('$expr sees the whole document', () => {
  expectCases([
    [{ $expr: { $eq: ['$a', '$b'] } }, { a: 1, b: 1 }, true],
    [{ $expr: { $gt: ['$a', 5] }, b: 1 }, { a: 7, b: 2 }, false],
    [{ $expr: '$a' }, { a: 0 }, false],
    [{ $or: [{ $expr: '$a' }, { b: 1 }] }, { a: 0, b: 1 }, true],
  ])
})

test('references to other documents are values, not operators', () => {
  const id = new ObjectId('65a000000000000000000001')
  expectCases([
    [{ a: { $ref: 'c', $id: id } }, { a: { $ref: 'c', $id: id } }, true],
    [{ 'a.$id': id }, { a: { $ref: 'c', $id: id } }, true],
    [{ a: { $elemMatch: { $ref: 'c' } } }, { a: [{ $ref: 'c', $id: id }] }, true],
    [{ a: { $in: [{ $ref: 'c', $id: id }] } }, { a: { $ref: 'c', $id: id } }, true],
  ])
})

test('strings compare by the collation where there is one', () => {
  const collation = parseCollation(valueOf({ locale: 'en', strength: 2 }))
  const options = { collation }
  expect(matches({ a: 'x' }, { a: 'X' }, options)).toBe(true)
  expect(matches({ a: { $in: ['p', 'q', 'r', 's', 'x'] } }, { a: 'X' }, options)).toBe(true)
  expect(matches({ a: { b: 'x' } }, { a: { b: 'X' } }, options)).toBe(true)
  expect(matches({ a: { $lt: 'B' } }, { a: 'a' }, options)).toBe(true)
  expect(matches({ a: { $elemMatch: { $eq: 'x' } } }, { a: ['X'] }, options)).toBe(true)
  expect(matches({ a: /x/ }, { a: 'X' }, options)).toBe(false)
  expect(matches({ a: 5, b: 'x' }, { a: 5, b: 'X' }, options)).toBe(true)
})

test('what is not understood is refused by name', () => {
  expectRefusals([
    [{ $foo: 1 }, 'BadValue: unknown top level operator: $foo'],
    [{ $not: { a: 1 } }, 'BadValue: unknown top level operator: $not'],
    [{ a: { $foo: 1 } }, 'BadValue: unknown operator: $foo'],
    [{ a: { $gt: 1, b: 1 } }, 'BadValue: unknown operator: b'],
    [{ a: { $elemMatch: { $foo: 1 } } }, 'BadValue: unknown operator: $foo'],
    [{ $where: 'true' }, 'NotImplemented: the query operator $where'],
    [{ $text: { $search: 'x' } }, 'NotImplemented: the query operator $text'],
    [{ a: { $near: [0, 0] } }, 'NotImplemented: the query operator $near'],
    [{ a: { $geoWithin: {} } }, 'NotImplemented: the query operator $geoWithin'],
    [{ a: { $where: 'true' } }, 'BadValue: $where cannot be applied to a field'],
    [{ $and: [] }, 'BadValue: $and/$or/$nor must be a nonempty array'],
    [{ $or: {} }, 'BadValue: $or must be an array'],
    [{ $nor: [1] }, 'BadValue: $or/$and/$nor entries need to be full objects'],
    [{ a: { $in: 1 } }, 'BadValue: $in needs an array'],
    [{ a: { $in: [{ $gt: 1 }] } }, 'BadValue: cannot nest $ under $in'],
    [{ a: { $gt: /x/ } }, "BadValue: Can't have RegEx as arg to predicate over field 'a'."],
    [{ a: { $ne: /x/ } }, "BadValue: Can't have regex as arg to $ne."],
    [{ a: { $not: 1 } }, 'BadValue: $not needs a regex or a document'],
    [{ a: { $not: {} } }, 'BadValue: $not cannot be empty'],
    [{ a: { $all: 1 } }, 'BadValue: $all needs an array'],
    [{ a: { $all: [{ $gt: 1 }] } }, 'BadValue: no $ expressions in $all'],
    [{ a: { $all: [{ $elemMatch: { $gt: 1 } }, 1] } }, 'BadValue: $all/$elemMatch has to be consistent'],
    [{ a: { $elemMatch: 1 } }, 'BadValue: $elemMatch needs an Object'],
    [{ a: { $elemMatch: { $expr: 1 } } }, 'BadValue: $expr can only be applied to the top-level document'],
    [{ a: { $size: -1 } }, 'BadValue: Failed to parse $size. Expected a non-negative number in: $size: -1'],
    [{ a: { $size: 1.5 } }, 'BadValue: Failed to parse $size. Expected an integer: $size: 1.5'],
    [{ a: { $size: 'x' } }, 'BadValue: Failed to parse $size. Expected a number in: $size: "x"'],
    [{ a: { $mod: [1] } }, 'BadValue: malformed mod, not enough elements'],
    [{ a: { $mod: [1, 2, 3] } }, 'BadValue: malformed mod, too many elements'],
    [{ a: { $mod: [0, 2] } }, 'BadValue: divisor cannot be 0'],
    [{ a: { $mod: [NaN, 2] } }, 'BadValue: malformed mod, divisor value is invalid'],
    [{ a: { $mod: ['x', 2] } }, 'BadValue: malformed mod, divisor not a number'],
    [{ a: { $type: 'foo' } }, 'BadValue: Unknown type name alias: foo'],
    [{ a: { $type: 0 } }, 'BadValue: Invalid numerical type code: 0. Instead use {$exists:false}.'],
    [{ a: { $type: 300 } }, 'BadValue: Invalid numerical type code: 300'],
    [{ a: { $type: 255 } }, 'BadValue: Invalid numerical type code: 255'],
    [{ a: { $type: {} } }, 'TypeMismatch: type must be represented as a number or a string'],
    [{ a: { $type: [] } }, 'FailedToParse: a must match at least one type'],
    [{ a: { $options: 'i' } }, 'BadValue: $options needs a $regex'],
    [{ a: { $regex: 1 } }, 'BadValue: $regex has to be a string'],
    [{ a: { $regex: 'x', $options: 1 } }, 'BadValue: $options has to be a string'],
    [{ a: { $regex: /x/i, $options: 'i' } }, 'Location51075: options set in both $regex and $options'],
    [{ a: { $regex: 'a\0b' } }, 'BadValue: Regular expression cannot contain an embedded null byte'],
    [{ a: { $bitsAllSet: -1 } }, 'FailedToParse: Expected a non-negative number in: $bitsAllSet: -1'],
    [{ a: { $bitsAllSet: 'x' } }, 'BadValue: a takes an Array, a number, or a BinData but received'],
    [{ a: { $bitsAllSet: [-1] } }, 'BadValue: Failed to parse bit position. Expected a non-negative number'],
    [{ $alwaysTrue: 2 }, 'FailedToParse: $alwaysTrue must be an integer value of 1'],
    [{ [Array.from({ length: 200 }, () => 'a').join('.')]: 1 }, 'Location5729100: FieldPath is too long'],
  ])
})

test('the positional index is that of the outermost array that was gone through', () => {
  const index = (filter: Document, document: Document) => matchedIndex(filter, document)
  expect(index({ a: 7 }, { a: [5, 7] })).toBe(1)
  expect(index({ a: 7 }, { a: 7 })).toBe(undefined)
  expect(index({ a: [5, 7] }, { a: [5, 7] })).toBe(undefined)
  expect(index({ 'a.b': 7 }, { a: [{ b: 1 }, { b: [6, 7] }] })).toBe(1)
  expect(index({ a: { $elemMatch: { b: 7 } } }, { a: [{ b: 1 }, { b: 7 }] })).toBe(1)
  expect(index({ a: { $elemMatch: { $gt: 5 } } }, { a: [1, 2, 9] })).toBe(2)
  expect(index({ 'a.b': { $elemMatch: { $gt: 5 } } }, { a: { b: [1, 9] } })).toBe(1)
  expect(index({ 'a.b': { $elemMatch: { $gt: 5 } } }, { a: [{ b: [1, 9] }] })).toBe(0)
  expect(index({ 'a.0.b': 7 }, { a: [{ b: [1, 7] }] })).toBe(1)
  expect(index({ 'a.1': 7 }, { a: [5, 7] })).toBe(undefined)
  expect(index({ a: 7, c: 1 }, { a: [5, 7], c: 1 })).toBe(1)
  expect(index({ a: 7, c: 1 }, { a: [5, 7], c: [0, 0, 1] })).toBe(2)
  expect(index({ a: { $ne: 3 } }, { a: [5, 7] })).toBe(undefined)
  expect(index({ $or: [{ a: 7 }, { c: 1 }] }, { a: [5, 7] })).toBe(undefined)
  expect(index({ $or: [{ a: 7 }] }, { a: [5, 7] })).toBe(1)
  expect(index({ $and: [{ a: 7 }, { c: null }] }, { a: [5, 7] })).toBe(1)
  expect(index({ a: { $gte: 5, $lt: 8 } }, { a: [9, 6, 7] })).toBe(1)
})

test('equalities are what every match must have', () => {
  const pairs = (filter: Document) => equalitiesOf(valueOf(filter)).map(([path]) => path)
  expect(pairs({ a: 1, 'b.c': { $eq: 2 }, d: { $gt: 1 }, e: /x/ })).toEqual(['a', 'b.c'])
  expect(pairs({ $and: [{ a: 1 }, { b: { $gt: 1, $eq: 2 } }] })).toEqual(['a', 'b'])
  expect(pairs({ $or: [{ a: 1 }, { b: 1 }] })).toEqual([])
  expect(pairs({ $or: [{ a: 1 }] })).toEqual(['a'])
  expect(pairs({ a: { $in: [1] }, b: { $in: [1, 2] }, c: { $all: [1] } })).toEqual(['a', 'c'])
  expect(pairs({ a: 1, $and: [{ a: 1 }] })).toEqual(['a', 'a'])
  expect(pairs({ $nor: [{ a: 1 }], $expr: { $eq: ['$a', 1] }, b: { $not: { $eq: 1 } } })).toEqual([])
  expect(pairs({ a: { b: 1 }, c: null, d: { $ref: 'x', $id: 1 } })).toEqual(['a', 'c', 'd'])
})
