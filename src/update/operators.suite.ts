/** One line, one case: what each operator makes of a document, the oplog's delta of it, and its updateDescription. */
import { Binary, Decimal128, Double, Int32, Long, Timestamp } from 'bson'
import { moment } from './update.suite.ts'
import type { Document } from 'bson'
import type { RunOptions } from './update.suite.ts'

export type Told = Document | 'nothing'
export type OperatorCase = readonly [
  claim: string,
  before: Document,
  update: Document,
  after: Document | 'same',
  diff: Told,
  description: Told,
  options?: RunOptions,
]

const double = (value: number) => new Double(value)
const long = (text: string) => Long.fromString(text)
const decimal = (text: string) => Decimal128.fromString(text)
const updated = (updatedFields: Document) => ({ updatedFields })
const nothing = 'nothing'
const now = new Date(moment.nowMs)
// prettier-ignore
export const operatorCases: readonly OperatorCase[] = [
  // $set
  ['$set of an existing field', { a: 1, b: 2 }, { $set: { a: 3 } }, { a: 3, b: 2 }, { u: { a: 3 } }, updated({ a: 3 })],
  ['$set of a new field appends it', { a: 1 }, { $set: { b: 'x' } }, { a: 1, b: 'x' }, { i: { b: 'x' } }, updated({ b: 'x' })],
  ['$set of what is there already', { a: 1 }, { $set: { a: 1 } }, 'same', nothing, nothing],
  ['$set of an equal number of another type', { a: 1 }, { $set: { a: double(1) } }, { a: double(1) }, { u: { a: double(1) } }, updated({ a: double(1) })],
  ['$set inside a document', { a: { b: 1, c: 2 } }, { $set: { 'a.b': 5 } }, { a: { b: 5, c: 2 } }, { sa: { u: { b: 5 } } }, updated({ 'a.b': 5 })],
  ['$set of a new field inside a document', { a: { b: 1 } }, { $set: { 'a.c': 5 } }, { a: { b: 1, c: 5 } }, { sa: { i: { c: 5 } } }, updated({ 'a.c': 5 })],
  ['$set makes missing documents and tells the outermost', {}, { $set: { 'a.b.c': 1 } }, { a: { b: { c: 1 } } }, { i: { a: { b: { c: 1 } } } }, updated({ a: { b: { c: 1 } } })],
  ['$set tells the first component that is new', { a: {} }, { $set: { 'a.b.c': 1 } }, { a: { b: { c: 1 } } }, { sa: { i: { b: { c: 1 } } } }, updated({ 'a.b': { c: 1 } })],
  ['two fields in the same new document', {}, { $set: { 'a.c': 2, 'a.b': 1 } }, { a: { b: 1, c: 2 } }, { i: { a: { b: 1, c: 2 } } }, updated({ a: { b: 1, c: 2 } })],
  ['two operators in the same new document', {}, { $set: { 'a.b.x': 1 }, $inc: { 'a.b.y': 2, 'a.c': 3 } }, { a: { b: { x: 1, y: 2 }, c: 3 } }, { i: { a: { b: { x: 1, y: 2 }, c: 3 } } }, updated({ a: { b: { x: 1, y: 2 }, c: 3 } })],
  ['$set of an item', { a: [1, 2] }, { $set: { 'a.1': 5 } }, { a: [1, 5] }, { sa: { a: true, u1: 5 } }, updated({ 'a.1': 5 })],
  ['$set of the item behind the last', { a: [1] }, { $set: { 'a.1': 5 } }, { a: [1, 5] }, { sa: { a: true, u1: 5 } }, updated({ 'a.1': 5 })],
  ['$set beyond the end pads with nulls and does not tell them', { a: [1] }, { $set: { 'a.3': 9 } }, { a: [1, null, null, 9] }, { sa: { a: true, u3: 9 } }, updated({ 'a.3': 9 })],
  ['$set beyond the end twice', { a: [1] }, { $set: { 'a.5': 9, 'a.3': 8 } }, { a: [1, null, null, 8, null, 9] }, { sa: { a: true, u3: 8, u5: 9 } }, updated({ 'a.3': 8, 'a.5': 9 })],
  ['$set in a new item', { a: [1] }, { $set: { 'a.2.x': 9 } }, { a: [1, null, { x: 9 }] }, { sa: { a: true, u2: { x: 9 } } }, updated({ 'a.2': { x: 9 } })],
  ['$set in an item', { a: [{ x: 1 }, { x: 2 }] }, { $set: { 'a.1.x': 9 } }, { a: [{ x: 1 }, { x: 9 }] }, { sa: { a: true, s1: { u: { x: 9 } } } }, updated({ 'a.1.x': 9 })],
  ['$set in an array of arrays', { a: [[1], [2]] }, { $set: { 'a.1.0': 9 } }, { a: [[1], [9]] }, { sa: { a: true, s1: { a: true, u0: 9 } } }, updated({ 'a.1.0': 9 })],
  ['$set of a whole array tells the whole', { a: [1, 2, 3] }, { $set: { a: [1] } }, { a: [1] }, { u: { a: [1] } }, updated({ a: [1] })],
  ['items are told in their order', { a: Array(11).fill(0) }, { $set: { 'a.10': 1, 'a.9': 2 } }, { a: [...Array(9).fill(0), 2, 1] }, { sa: { a: true, u9: 2, u10: 1 } }, updated({ 'a.9': 2, 'a.10': 1 })],
  ['a number is a name where there is a document', { a: {} }, { $set: { 'a.0': 1 } }, { a: { 0: 1 } }, { sa: { i: { 0: 1 } } }, { updatedFields: { 'a.0': 1 }, disambiguatedPaths: { 'a.0': ['a', '0'] } }],
  ['a number is a name where there is nothing', {}, { $set: { 'a.0.b': 1 } }, { a: { 0: { b: 1 } } }, { i: { a: { 0: { b: 1 } } } }, updated({ a: { 0: { b: 1 } } })],
  ['a padded number means an item all the same', { a: [1, 2] }, { $set: { 'a.01': 5 } }, { a: [1, 5] }, { sa: { a: true, u1: 5 } }, updated({ 'a.1': 5 })],
  ['changed fields are told before new ones', { b: 0, z: 0 }, { $set: { a: 2, z: 3, b: 1 } }, { b: 1, z: 3, a: 2 }, { u: { b: 1, z: 3 }, i: { a: 2 } }, updated({ b: 1, z: 3, a: 2 })],
  ['changed fields are told in the order of their paths', { z: 0, b: 0 }, { $set: { z: 3, b: 1 } }, { z: 3, b: 1 }, { u: { b: 1, z: 3 } }, updated({ b: 1, z: 3 })],
  ['only what changed is told', { a: 1, b: 1 }, { $set: { a: 1, b: 2 } }, { a: 1, b: 2 }, { u: { b: 2 } }, updated({ b: 2 })],
  ['a value may have names with dots and dollars', {}, { $set: { a: { 'b.c': 1, $d: 2 } } }, { a: { 'b.c': 1, $d: 2 } }, { i: { a: { 'b.c': 1, $d: 2 } } }, updated({ a: { 'b.c': 1, $d: 2 } })],
  ['a field inside a document may begin with a dollar', { a: {} }, { $set: { 'a.$x': 1 } }, { a: { $x: 1 } }, { sa: { i: { $x: 1 } } }, updated({ 'a.$x': 1 })],
  ['the _id may be set to what it is', { _id: 1, a: 1 }, { $set: { _id: 1, a: 2 } }, { _id: 1, a: 2 }, { u: { a: 2 } }, updated({ a: 2 })],
  ['no operator needs to have fields', { a: 1 }, { $set: {}, $inc: {} }, 'same', nothing, nothing],

  // $unset
  ['$unset', { a: 1, b: 2 }, { $unset: { a: '' } }, { b: 2 }, { d: { a: false } }, { removedFields: ['a'] }],
  ['$unset inside', { a: { b: 1, c: 2 } }, { $unset: { 'a.b': '' } }, { a: { c: 2 } }, { sa: { d: { b: false } } }, { removedFields: ['a.b'] }],
  ['$unset of nothing', { a: 1 }, { $unset: { b: '', 'a.b.c': '' } }, 'same', nothing, nothing],
  ['$unset of an item makes it null', { a: [1, 2] }, { $unset: { 'a.0': '' } }, { a: [null, 2] }, { sa: { a: true, u0: null } }, updated({ 'a.0': null })],
  ['$unset of an item that is null', { a: [null] }, { $unset: { 'a.0': '' } }, 'same', nothing, nothing],
  ['$unset in an item', { a: [{ x: 1, y: 2 }] }, { $unset: { 'a.0.x': '' } }, { a: [{ y: 2 }] }, { sa: { a: true, s0: { d: { x: false } } } }, { removedFields: ['a.0.x'] }],
  ['removed, changed, new and inside: in this order', { a: 1, b: 1, c: { x: 1 } }, { $set: { b: 2, d: 4, 'c.x': 3 }, $unset: { a: 1 } }, { b: 2, c: { x: 3 }, d: 4 }, { d: { a: false }, u: { b: 2 }, i: { d: 4 }, sc: { u: { x: 3 } } }, { updatedFields: { b: 2, d: 4, 'c.x': 3 }, removedFields: ['a'] }],

  // $inc, $mul
  ['$inc int by int', { a: 1 }, { $inc: { a: 2 } }, { a: 3 }, { u: { a: 3 } }, updated({ a: 3 })],
  ['$inc past int32 gives a long', { a: 2147483647 }, { $inc: { a: 1 } }, { a: long('2147483648') }, { u: { a: long('2147483648') } }, updated({ a: long('2147483648') })],
  ['$inc of a long is exact', { a: long('9007199254740993') }, { $inc: { a: 1 } }, { a: long('9007199254740994') }, { u: { a: long('9007199254740994') } }, updated({ a: long('9007199254740994') })],
  ['$inc by a double', { a: 1 }, { $inc: { a: 0.5 } }, { a: 1.5 }, { u: { a: 1.5 } }, updated({ a: 1.5 })],
  ['$inc by zero', { a: 1 }, { $inc: { a: 0 } }, 'same', nothing, nothing],
  ['$inc by a zero of another type', { a: 1 }, { $inc: { a: double(0) } }, { a: double(1) }, { u: { a: double(1) } }, updated({ a: double(1) })],
  ['$inc by a long zero makes a long', { a: 1 }, { $inc: { a: long('0') } }, { a: long('1') }, { u: { a: long('1') } }, updated({ a: long('1') })],
  ['$inc of a missing field', { b: 1 }, { $inc: { 'a.n': long('5') } }, { b: 1, a: { n: long('5') } }, { i: { a: { n: long('5') } } }, updated({ a: { n: long('5') } })],
  ['$inc of a decimal keeps its places', { a: decimal('0.10') }, { $inc: { a: decimal('0.20') } }, { a: decimal('0.30') }, { u: { a: decimal('0.30') } }, updated({ a: decimal('0.30') })],
  ['$mul', { a: 3 }, { $mul: { a: long('4') } }, { a: long('12') }, { u: { a: long('12') } }, updated({ a: long('12') })],
  ['$mul of a missing field', {}, { $mul: { a: long('4') } }, { a: long('0') }, { i: { a: long('0') } }, updated({ a: long('0') })],
  ['$mul by one', { a: 3 }, { $mul: { a: 1 } }, 'same', nothing, nothing],

  // $min, $max
  ['$min of a greater value', { a: 5 }, { $min: { a: 3 } }, { a: 3 }, { u: { a: 3 } }, updated({ a: 3 })],
  ['$min of a lesser value', { a: 5 }, { $min: { a: 7 } }, 'same', nothing, nothing],
  ['$min of an equal value keeps its type', { a: 5 }, { $min: { a: double(5) } }, 'same', nothing, nothing],
  ['$min across types', { a: 5 }, { $min: { a: null } }, { a: null }, { u: { a: null } }, updated({ a: null })],
  ['$min of a missing field', {}, { $min: { a: 7 } }, { a: 7 }, { i: { a: 7 } }, updated({ a: 7 })],
  ['$max', { a: 5 }, { $max: { a: 'x' } }, { a: 'x' }, { u: { a: 'x' } }, updated({ a: 'x' })],
  ['$max of a greater value', { a: 'x' }, { $max: { a: 5 } }, 'same', nothing, nothing],

  // $rename
  ['$rename', { a: 1, b: 2 }, { $rename: { a: 'c' } }, { b: 2, c: 1 }, { d: { a: false }, i: { c: 1 } }, { updatedFields: { c: 1 }, removedFields: ['a'] }],
  ['$rename over a field', { a: 1, b: 2 }, { $rename: { a: 'b' } }, { b: 1 }, { d: { a: false }, u: { b: 1 } }, { updatedFields: { b: 1 }, removedFields: ['a'] }],
  ['$rename over a field with the same value', { a: 1, b: 1 }, { $rename: { a: 'b' } }, { b: 1 }, { d: { a: false } }, { removedFields: ['a'] }],
  ['$rename into a document', { a: 1, b: { x: 1 } }, { $rename: { a: 'b.y.z' } }, { b: { x: 1, y: { z: 1 } } }, { d: { a: false }, sb: { i: { y: { z: 1 } } } }, { updatedFields: { 'b.y': { z: 1 } }, removedFields: ['a'] }],
  ['$rename within a document', { a: { x: 1, y: 2 } }, { $rename: { 'a.x': 'a.z' } }, { a: { y: 2, z: 1 } }, { sa: { d: { x: false }, i: { z: 1 } } }, { updatedFields: { 'a.z': 1 }, removedFields: ['a.x'] }],
  ['$rename out of a document', { a: { x: 1 } }, { $rename: { 'a.x': 'b' } }, { a: {}, b: 1 }, { i: { b: 1 }, sa: { d: { x: false } } }, { updatedFields: { b: 1 }, removedFields: ['a.x'] }],
  ['$rename of nothing', { a: 1 }, { $rename: { b: 'c', 'd.e': 'f' } }, 'same', nothing, nothing],

  // $currentDate, $setOnInsert, $bit
  ['$currentDate gives a date', {}, { $currentDate: { a: true } }, { a: now }, { i: { a: now } }, updated({ a: now })],
  ['$currentDate of type date', { a: 1 }, { $currentDate: { a: { $type: 'date' } } }, { a: now }, { u: { a: now } }, updated({ a: now })],
  ['$currentDate of type timestamp', { a: 1 }, { $currentDate: { a: { $type: 'timestamp' } } }, { a: new Timestamp({ t: 7, i: 1 }) }, { u: { a: new Timestamp({ t: 7, i: 1 }) } }, updated({ a: new Timestamp({ t: 7, i: 1 }) })],
  ['$setOnInsert of what is there', { a: 1 }, { $setOnInsert: { a: 2, b: 3 } }, 'same', nothing, nothing],
  ['$bit or', { a: 1 }, { $bit: { a: { or: 6 } } }, { a: 7 }, { u: { a: 7 } }, updated({ a: 7 })],
  ['$bit and, then xor', { a: 13 }, { $bit: { a: { and: 10, xor: 1 } } }, { a: 9 }, { u: { a: 9 } }, updated({ a: 9 })],
  ['$bit with a long', { a: 1 }, { $bit: { a: { or: long('4294967296') } } }, { a: long('4294967297') }, { u: { a: long('4294967297') } }, updated({ a: long('4294967297') })],
  ['$bit of negative numbers', { a: -1 }, { $bit: { a: { and: 255 } } }, { a: 255 }, { u: { a: 255 } }, updated({ a: 255 })],
  ['$bit of a missing field', {}, { $bit: { a: { or: 5 } } }, { a: 5 }, { i: { a: 5 } }, updated({ a: 5 })],
  ['$bit that changes nothing', { a: 7 }, { $bit: { a: { or: 6 } } }, 'same', nothing, nothing],

  // $push
  ['$push tells the new item', { a: [1] }, { $push: { a: 2 } }, { a: [1, 2] }, { sa: { a: true, u1: 2 } }, updated({ 'a.1': 2 })],
  ['$push of several', { a: [1] }, { $push: { a: { $each: [2, [3]] } } }, { a: [1, 2, [3]] }, { sa: { a: true, u1: 2, u2: [3] } }, updated({ 'a.1': 2, 'a.2': [3] })],
  ['$push to an empty array tells the whole', { a: [] }, { $push: { a: 2 } }, { a: [2] }, { u: { a: [2] } }, updated({ a: [2] })],
  ['$push makes the array', { b: 1 }, { $push: { a: 2 } }, { b: 1, a: [2] }, { i: { a: [2] } }, updated({ a: [2] })],
  ['$push of no items', { a: [1] }, { $push: { a: { $each: [] } } }, 'same', nothing, nothing],
  ['$push of no items makes the array', {}, { $push: { a: { $each: [] } } }, { a: [] }, { i: { a: [] } }, updated({ a: [] })],
  ['$push in an array of arrays', { a: [[1]] }, { $push: { 'a.0': 2 } }, { a: [[1, 2]] }, { sa: { a: true, s0: { a: true, u1: 2 } } }, updated({ 'a.0.1': 2 })],
  ['$push at a position inside tells the whole', { a: [1, 2] }, { $push: { a: { $each: [9], $position: 1 } } }, { a: [1, 9, 2] }, { u: { a: [1, 9, 2] } }, updated({ a: [1, 9, 2] })],
  ['$push at the position of the end tells the whole', { a: [1, 2] }, { $push: { a: { $each: [9], $position: 2 } } }, { a: [1, 2, 9] }, { u: { a: [1, 2, 9] } }, updated({ a: [1, 2, 9] })],
  ['$push at a position beyond the end', { a: [1, 2] }, { $push: { a: { $each: [9], $position: 3 } } }, { a: [1, 2, 9] }, { sa: { a: true, u2: 9 } }, updated({ 'a.2': 9 })],
  ['$push at a position from the end', { a: [1, 2, 3] }, { $push: { a: { $each: [8, 9], $position: -1 } } }, { a: [1, 2, 8, 9, 3] }, { u: { a: [1, 2, 8, 9, 3] } }, updated({ a: [1, 2, 8, 9, 3] })],
  ['$push at a position before the beginning', { a: [1, 2] }, { $push: { a: { $each: [9], $position: -5 } } }, { a: [9, 1, 2] }, { u: { a: [9, 1, 2] } }, updated({ a: [9, 1, 2] })],
  ['$push with $sort tells the whole', { a: [3] }, { $push: { a: { $each: [1, 5], $sort: 1 } } }, { a: [1, 3, 5] }, { u: { a: [1, 3, 5] } }, updated({ a: [1, 3, 5] })],
  ['$push with $sort downwards', { a: [3] }, { $push: { a: { $each: [1, 5], $sort: -1 } } }, { a: [5, 3, 1] }, { u: { a: [5, 3, 1] } }, updated({ a: [5, 3, 1] })],
  ['$sort of what is sorted already', { a: [1, 2] }, { $push: { a: { $each: [], $sort: 1 } } }, 'same', nothing, nothing],
  ['$sort by a field, missing ones first', { a: [{ x: 2 }, 7, { x: { y: 1 } }] }, { $push: { a: { $each: [{ x: 1 }], $sort: { x: 1 } } } }, { a: [7, { x: 1 }, { x: 2 }, { x: { y: 1 } }] }, { u: { a: [7, { x: 1 }, { x: 2 }, { x: { y: 1 } }] } }, updated({ a: [7, { x: 1 }, { x: 2 }, { x: { y: 1 } }] })],
  ['$sort by several fields', { a: [{ x: 1, y: { z: 1 } }, { x: 2 }] }, { $push: { a: { $each: [{ x: 1, y: { z: 5 } }], $sort: { x: 1, 'y.z': -1 } } } }, { a: [{ x: 1, y: { z: 5 } }, { x: 1, y: { z: 1 } }, { x: 2 }] }, { u: { a: [{ x: 1, y: { z: 5 } }, { x: 1, y: { z: 1 } }, { x: 2 }] } }, updated({ a: [{ x: 1, y: { z: 5 } }, { x: 1, y: { z: 1 } }, { x: 2 }] })],
  ['a new item that $slice cuts off again', { a: [1, 2] }, { $push: { a: { $each: [3], $slice: 2 } } }, 'same', nothing, nothing],
  ['$slice to the last items', { a: [1, 2] }, { $push: { a: { $each: [3], $slice: -2 } } }, { a: [2, 3] }, { u: { a: [2, 3] } }, updated({ a: [2, 3] })],
  ['$slice that cuts nothing', { a: [1, 2] }, { $push: { a: { $each: [3], $slice: -3 } } }, { a: [1, 2, 3] }, { sa: { a: true, u2: 3 } }, updated({ 'a.2': 3 })],
  ['$slice to nothing', { a: [1, 2] }, { $push: { a: { $each: [], $slice: 0 } } }, { a: [] }, { u: { a: [] } }, updated({ a: [] })],
  ['$sort, then $slice', { a: [3] }, { $push: { a: { $each: [1, 2], $sort: 1, $slice: -2 } } }, { a: [2, 3] }, { u: { a: [2, 3] } }, updated({ a: [2, 3] })],
  ['$push of a document without $each', { a: [1] }, { $push: { a: { $slice: 1 } } }, { a: [1, { $slice: 1 }] }, { sa: { a: true, u1: { $slice: 1 } } }, updated({ 'a.1': { $slice: 1 } })],

  // $addToSet
  ['$addToSet tells the new item', { a: [1] }, { $addToSet: { a: 2 } }, { a: [1, 2] }, { sa: { a: true, u1: 2 } }, updated({ 'a.1': 2 })],
  ['$addToSet of what is there, of another type', { a: [1] }, { $addToSet: { a: double(1) } }, 'same', nothing, nothing],
  ['$addToSet of several tells those that are new', { a: [1] }, { $addToSet: { a: { $each: [2, 1, 2, 3] } } }, { a: [1, 2, 3] }, { sa: { a: true, u1: 2, u2: 3 } }, updated({ 'a.1': 2, 'a.2': 3 })],
  ['$addToSet to an empty array', { a: [] }, { $addToSet: { a: 2 } }, { a: [2] }, { sa: { a: true, u0: 2 } }, updated({ 'a.0': 2 })],
  ['$addToSet makes the array', {}, { $addToSet: { a: { $each: [2, 2] } } }, { a: [2] }, { i: { a: [2] } }, updated({ a: [2] })],
  ['$addToSet of an array', { a: [1] }, { $addToSet: { a: [1] } }, { a: [1, [1]] }, { sa: { a: true, u1: [1] } }, updated({ 'a.1': [1] })],
  ['$addToSet looks at the order of fields', { a: [{ x: 1, y: 2 }] }, { $addToSet: { a: { y: 2, x: 1 } } }, { a: [{ x: 1, y: 2 }, { y: 2, x: 1 }] }, { sa: { a: true, u1: { y: 2, x: 1 } } }, updated({ 'a.1': { y: 2, x: 1 } })],

  // $pop, $pull, $pullAll
  ['$pop', { a: [1, 2, 3] }, { $pop: { a: 1 } }, { a: [1, 2] }, { u: { a: [1, 2] } }, updated({ a: [1, 2] })],
  ['$pop of the first', { a: [1, 2, 3] }, { $pop: { a: -1 } }, { a: [2, 3] }, { u: { a: [2, 3] } }, updated({ a: [2, 3] })],
  ['$pop of an empty or missing array', { a: [] }, { $pop: { a: 1, b: 1, 'c.d': -1 } }, 'same', nothing, nothing],
  ['$pull of a value', { a: [1, 2, double(1)] }, { $pull: { a: 1 } }, { a: [2] }, { u: { a: [2] } }, updated({ a: [2] })],
  ['$pull of what is not there', { a: [1] }, { $pull: { a: 2, b: 1, 'c.d': 1 } }, 'same', nothing, nothing],
  ['$pull with a condition', { a: [1, 5, 9, 'x'] }, { $pull: { a: { $gte: 5 } } }, { a: [1, 'x'] }, { u: { a: [1, 'x'] } }, updated({ a: [1, 'x'] })],
  ['$pull with $in', { a: [1, 5, 9] }, { $pull: { a: { $in: [1, 9] } } }, { a: [5] }, { u: { a: [5] } }, updated({ a: [5] })],
  ['$pull by fields', { a: [{ x: 1, y: 1 }, { x: 2 }, 1] }, { $pull: { a: { x: 1 } } }, { a: [{ x: 2 }, 1] }, { u: { a: [{ x: 2 }, 1] } }, updated({ a: [{ x: 2 }, 1] })],
  ['$pull by conditions on fields', { a: [{ x: 1 }, { x: 8 }] }, { $pull: { a: { $or: [{ x: { $gt: 5 } }] } } }, { a: [{ x: 1 }] }, { u: { a: [{ x: 1 }] } }, updated({ a: [{ x: 1 }] })],
  ['$pull with $elemMatch', { a: [{ r: [{ q: 1 }] }, { r: [{ q: 2 }] }] }, { $pull: { a: { r: { $elemMatch: { q: 2 } } } } }, { a: [{ r: [{ q: 1 }] }] }, { u: { a: [{ r: [{ q: 1 }] }] } }, updated({ a: [{ r: [{ q: 1 }] }] })],
  ['$pull with a regular expression', { a: ['ab', 'b'] }, { $pull: { a: /^a/ } }, { a: ['b'] }, { u: { a: ['b'] } }, updated({ a: ['b'] })],
  ['$pull of an array is exact', { a: [[1], 1, [2]] }, { $pull: { a: [1] } }, { a: [1, [2]] }, { u: { a: [1, [2]] } }, updated({ a: [1, [2]] })],
  ['$pull of a reference', { a: [{ $ref: 'c', $id: 1 }, { $ref: 'c', $id: 2 }] }, { $pull: { a: { $ref: 'c', $id: 1 } } }, { a: [{ $ref: 'c', $id: 2 }] }, { u: { a: [{ $ref: 'c', $id: 2 }] } }, updated({ a: [{ $ref: 'c', $id: 2 }] })],
  ['$pullAll', { a: [1, 2, 1, 3] }, { $pullAll: { a: [1, 3] } }, { a: [2] }, { u: { a: [2] } }, updated({ a: [2] })],
  ['$pullAll of documents is exact', { a: [{ x: 1, y: 1 }, { x: 1 }] }, { $pullAll: { a: [{ x: 1 }] } }, { a: [{ x: 1, y: 1 }] }, { u: { a: [{ x: 1, y: 1 }] } }, updated({ a: [{ x: 1, y: 1 }] })],

  // `$`, `$[]`, `$[x]`
  ['$ is the item that matched', { a: [1, 5, 9] }, { $set: { 'a.$': 0 } }, { a: [1, 0, 9] }, { sa: { a: true, u1: 0 } }, updated({ 'a.1': 0 }), { arrayIndex: 1 }],
  ['a field of the item that matched', { a: [{ x: 1 }, { x: 2 }] }, { $inc: { 'a.$.x': 1 } }, { a: [{ x: 1 }, { x: 3 }] }, { sa: { a: true, s1: { u: { x: 3 } } } }, updated({ 'a.1.x': 3 }), { arrayIndex: 1 }],
  ['$ beside a named item', { a: [{}, {}] }, { $set: { 'a.$.x': 1, 'a.0.y': 2 } }, { a: [{ y: 2 }, { x: 1 }] }, { sa: { a: true, s0: { i: { y: 2 } }, s1: { i: { x: 1 } } } }, updated({ 'a.0.y': 2, 'a.1.x': 1 }), { arrayIndex: 1 }],
  ['$ on the named item', { a: [{}] }, { $set: { 'a.$.x': 1, 'a.0.y': 2 } }, { a: [{ x: 1, y: 2 }] }, { sa: { a: true, s0: { i: { x: 1, y: 2 } } } }, updated({ 'a.0.x': 1, 'a.0.y': 2 }), { arrayIndex: 0 }],
  ['$[] is every item: one is told as itself', { a: [1] }, { $inc: { 'a.$[]': 1 } }, { a: [2] }, { sa: { a: true, u0: 2 } }, updated({ 'a.0': 2 })],
  ['$[] is every item: several are told as the array', { a: [1, 2] }, { $inc: { 'a.$[]': 10 } }, { a: [11, 12] }, { u: { a: [11, 12] } }, updated({ a: [11, 12] })],
  ['a field of every item, when one changes, is told as that item', { a: [{ x: 1 }, { x: 0 }] }, { $set: { 'a.$[].x': 1 } }, { a: [{ x: 1 }, { x: 1 }] }, { sa: { a: true, u1: { x: 1 } } }, updated({ 'a.1': { x: 1 } })],
  ['$[] of no items', { a: [] }, { $inc: { 'a.$[]': 1 } }, 'same', nothing, nothing],
  ['$[] that changes nothing', { a: [1, 1] }, { $set: { 'a.$[]': 1 } }, 'same', nothing, nothing],
  ['$[x] is the items that a filter fits', { a: [1, 5] }, { $set: { 'a.$[x]': 0 } }, { a: [1, 0] }, { sa: { a: true, u1: 0 } }, updated({ 'a.1': 0 }), { arrayFilters: [{ x: { $gt: 3 } }] }],
  ['a field of the item that a filter fits', { a: [{ x: 1 }, { x: 5 }] }, { $set: { 'a.$[e].y': 1 } }, { a: [{ x: 1 }, { x: 5, y: 1 }] }, { sa: { a: true, s1: { i: { y: 1 } } } }, updated({ 'a.1.y': 1 }), { arrayFilters: [{ 'e.x': { $gt: 3 } }] }],
  ['several items that a filter fits are told as the array', { a: [7, 1, 5] }, { $set: { 'a.$[x]': 0 } }, { a: [0, 1, 0] }, { u: { a: [0, 1, 0] } }, updated({ a: [0, 1, 0] }), { arrayFilters: [{ x: { $gt: 3 } }] }],
  ['a filter that fits nothing', { a: [1] }, { $set: { 'a.$[x]': 0 } }, 'same', nothing, nothing, { arrayFilters: [{ x: 5 }] }],
  ['filters with $and and $or', { a: [1, 5, 9] }, { $set: { 'a.$[x]': 0 } }, { a: [1, 0, 9] }, { sa: { a: true, u1: 0 } }, updated({ 'a.1': 0 }), { arrayFilters: [{ $and: [{ x: { $gt: 1 } }, { $or: [{ x: { $lt: 6 } }, { x: 7 }] }] }] }],
  ['two filters on one array', { a: [{ x: 1 }, { x: 2 }] }, { $set: { 'a.$[p].y': 1, 'a.$[q].z': 2 } }, { a: [{ x: 1, y: 1, z: 2 }, { x: 2, z: 2 }] }, { u: { a: [{ x: 1, y: 1, z: 2 }, { x: 2, z: 2 }] } }, updated({ a: [{ x: 1, y: 1, z: 2 }, { x: 2, z: 2 }] }), { arrayFilters: [{ 'p.x': 1 }, { 'q.x': { $gt: 0 } }] }],
  ['a filter in an array in an array', { a: [{ b: [1, 2] }, { b: [3] }] }, { $set: { 'a.$[i].b.$[j]': 0 } }, { a: [{ b: [1, 0] }, { b: [3] }] }, { sa: { a: true, s0: { sb: { a: true, u1: 0 } } } }, updated({ 'a.0.b.1': 0 }), { arrayFilters: [{ 'i.b': 2 }, { j: 2 }] }],
  ['$push to every item', { a: [{ b: [1] }] }, { $push: { 'a.$[].b': 2 } }, { a: [{ b: [1, 2] }] }, { sa: { a: true, s0: { sb: { a: true, u1: 2 } } } }, updated({ 'a.0.b.1': 2 })],

  // which path is which
  ['array indexes alone are not ambiguous', { a: [{ b: 1 }] }, { $set: { 'a.0.b': 2 } }, { a: [{ b: 2 }] }, { sa: { a: true, s0: { u: { b: 2 } } } }, updated({ 'a.0.b': 2 })],
  ['a number as a name behind an index', { a: [{ 1: 1 }] }, { $set: { 'a.0.1': 2 } }, { a: [{ 1: 2 }] }, { sa: { a: true, s0: { u: { 1: 2 } } } }, { updatedFields: { 'a.0.1': 2 }, disambiguatedPaths: { 'a.0.1': ['a', 0, '1'] } }],
  ['a number as the first name is not ambiguous', { 0: { b: 1 } }, { $set: { '0.b': 2 } }, { 0: { b: 2 } }, { s0: { u: { b: 2 } } }, updated({ '0.b': 2 })],
  ['a padded number is a name and not ambiguous', { a: { '01': 1 } }, { $set: { 'a.01': 2 } }, { a: { '01': 2 } }, { sa: { u: { '01': 2 } } }, updated({ 'a.01': 2 })],
  ['what is removed can be ambiguous', { a: { 1: 1, b: 1 } }, { $unset: { 'a.1': 1 } }, { a: { b: 1 } }, { sa: { d: { 1: false } } }, { removedFields: ['a.1'], disambiguatedPaths: { 'a.1': ['a', '1'] } }],

  // values as they are
  ['bytes pass through untouched', { a: new Binary(Buffer.from([1, 2]), 0x80) }, { $set: { b: new Int32(1) } }, { a: new Binary(Buffer.from([1, 2]), 0x80), b: 1 }, { i: { b: 1 } }, updated({ b: 1 })],
]
