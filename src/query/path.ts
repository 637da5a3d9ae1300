/**
 * Dotted paths: to which values of a document a predicate is put.
 *
 *   a.b    { a: { b: 1 } }            1
 *          { a: [{ b: 1 }, {}, 7] }   1, missing: the documents among the items are crossed, other items give nothing
 *          { a: [[{ b: 1 }]] }        nothing: an array in an array is not crossed
 *          { a: 7 }                   missing
 *   a.0    { a: [1, { 0: 2 }] }       1, 2: a number is a position, and a field's name in the documents among the items
 *
 * An array at the end of a path is asked item by item and then as a whole, unless it was reached by its position in
 * another array, or the predicate asks for whole arrays. A predicate passes when one of the values passes.
 *
 * The position of an item that made it pass is that of the outermost array which was crossed, not reached into by a
 * number.
 * Source: MongoDB 8.0, src/mongo/db/matcher/path_test.cpp.
 */
import { readInt32 } from '../bson/bytes.ts'
import { BsonType } from '../bson/value.ts'
import { compileName, endOf as endOfValue, findElement as findByName } from './element.ts'
import { type FieldTest, type Literal, allOf } from './field-walk.ts'
import { type Predicate, type ValuePredicate, type ValueTest, here, missingType, nowhere } from './operator.ts'

// Constants of this module, for the engine's sake: see element.ts.
const readWord = readInt32
const endOf = endOfValue
const findElement = findByName
const { array: arrayType, document: documentType } = BsonType

/** As a ValueTest, but it gives the index of the item that passed, or `here` or `nowhere`. */
export type PlaceTest = (type: number, bytes: Uint8Array, start: number, end: number) => number

/** What a predicate asks of a path, as a test of the top-level field that the path begins with. */
export function compilePath(path: string, predicate: Predicate): FieldTest {
  const [name = '', ...names] = path.split('.')
  return { name, test: testBelow(names, predicate), literal: literalOf(names, predicate) }
}

function literalOf(names: readonly string[], predicate: Predicate): Literal | undefined {
  if (names.length > 0 || predicate.kind !== 'value' || predicate.literal === undefined) return undefined
  const { type, bytes, start, end } = predicate.literal
  // A copy: small, alone, and not what keeps a whole message alive.
  return { type, content: Uint8Array.from(bytes.subarray(start, end)) }
}

/** As `compilePath`, for the index of the item that makes a document pass which does pass. */
export function compilePathPlace(path: string, predicate: Predicate): { name: string; place: PlaceTest } {
  const [name = '', ...names] = path.split('.')
  return { name, place: placeBelow(names, predicate) }
}

/** What a predicate asks of one value, itself and not its items: how `$elemMatch` asks an item. */
export function compileValueTest(predicate: Predicate): ValueTest {
  switch (predicate.kind) {
    case 'value':
      return predicate.test
    case 'all':
      return allOf(predicate.of.map(compileValueTest))
    case 'not':
      return negated(compileValueTest(predicate.of))
  }
}

function negated(test: ValueTest): ValueTest {
  return (type, bytes, start, end) => !test(type, bytes, start, end)
}

/** `names` is what of the path is still to be walked, from the value that the test gets. */
function testBelow(names: readonly string[], predicate: Predicate): ValueTest {
  switch (predicate.kind) {
    case 'all':
      return allOf(predicate.of.map(each => testBelow(names, each)))
    case 'not':
      return negated(testBelow(names, predicate.of))
    case 'value': {
      const place = valuePlace(names, predicate)
      if (names.length > 0) return (type, bytes, start, end) => place(type, bytes, start, end) !== nowhere
      const { test, arrays } = predicate
      if (arrays === 'whole') return test
      return (type, bytes, start, end) =>
        type === arrayType ? place(type, bytes, start, end) !== nowhere : test(type, bytes, start, end)
    }
  }
}

function placeBelow(names: readonly string[], predicate: Predicate): PlaceTest {
  switch (predicate.kind) {
    case 'value':
      return valuePlace(names, predicate)
    case 'not':
      // What did not happen happened nowhere in particular.
      return () => here
    case 'all': {
      const places = predicate.of.map(each => placeBelow(names, each))
      return (type, bytes, start, end) => lastPlace(places, place => place(type, bytes, start, end))
    }
  }
}

/** The index that the last of `tests` to find one finds; `here` when none does, or one does not pass. */
export function lastPlace<Test>(tests: readonly Test[], run: (test: Test) => number): number {
  let last = here
  for (const test of tests) {
    const place = run(test)
    if (place >= 0) last = place
  }
  return last
}

function valuePlace(names: readonly string[], predicate: ValuePredicate): PlaceTest {
  const [name, ...rest] = names
  return name === undefined ? atEnd(predicate) : intoField(name, rest, predicate)
}

function atEnd(predicate: ValuePredicate): PlaceTest {
  if (predicate.arrays === 'whole') return asWhole(predicate)
  const { test } = predicate
  return (type, bytes, start, end) => {
    if (type === arrayType) {
      const index = findItem(bytes, start, test)
      if (index !== nowhere) return index
    }
    return test(type, bytes, start, end) ? here : nowhere
  }
}

function asWhole({ test, itemIndex }: ValuePredicate): PlaceTest {
  if (itemIndex) return (type, bytes, start) => (type === arrayType ? itemIndex(bytes, start) : nowhere)
  return (type, bytes, start, end) => (test(type, bytes, start, end) ? here : nowhere)
}

/** The index of the first item of the array at `start` that passes; `nowhere` when none does. */
export function findItem(bytes: Uint8Array, start: number, test: ValueTest): number {
  const end = start + readWord(bytes, start) - 1
  let at = start + 4
  for (let index = 0; at < end; index++) {
    const type = bytes[at++] as number
    while (bytes[at] !== 0) at++
    const valueStart = at + 1
    at = endOf(type, bytes, valueStart)
    if (test(type, bytes, valueStart, at)) return index
  }
  return nowhere
}

/** From a value into its field `name`, or through the items of an array, and on along `rest`. */
function intoField(name: string, rest: readonly string[], predicate: ValuePredicate): PlaceTest {
  const pattern = compileName(name)
  const toValue = 1 + pattern.nameBytes
  const next = valuePlace(rest, predicate)
  // At the end of the path most values need no more than the test itself.
  const lastTest = rest.length === 0 && predicate.arrays === 'items' ? predicate.test : undefined

  const inDocument = (bytes: Uint8Array, start: number): number => {
    const element = findElement(bytes, start, pattern)
    if (element === -1) return next(missingType, bytes, 0, 0)
    const type = bytes[element] as number
    const valueStart = element + toValue
    const end = endOf(type, bytes, valueStart)
    if (lastTest !== undefined && type !== arrayType) return lastTest(type, bytes, valueStart, end) ? here : nowhere
    return next(type, bytes, valueStart, end)
  }

  const inArray = intoItems(inDocument, positionOf(name), rest.length === 0 ? asWhole(predicate) : intoItem(next))

  return (type, bytes, start) => {
    if (type === documentType) return inDocument(bytes, start)
    if (type === arrayType) return inArray(bytes, start)
    return next(missingType, bytes, 0, 0)
  }
}

type Inside = (bytes: Uint8Array, start: number) => number

/** Through the array at `start`: into each document, and into the item at `position`, which is -1 for none. */
function intoItems(inDocument: Inside, position: number, atPosition: PlaceTest): Inside {
  return (bytes, start) => {
    const end = start + readWord(bytes, start) - 1
    let at = start + 4
    for (let index = 0; at < end; index++) {
      const type = bytes[at++] as number
      while (bytes[at] !== 0) at++
      const valueStart = at + 1
      at = endOf(type, bytes, valueStart)
      if (type === documentType && inDocument(bytes, valueStart) !== nowhere) return index
      if (index === position) {
        const place = atPosition(type, bytes, valueStart, at)
        if (place !== nowhere) return place
      }
    }
    return nowhere
  }
}

const positionOf = (name: string): number => (/^(?:0|[1-9]\d*)$/.test(name) ? Number(name) : -1)

/**
 * An item that was reached by its position and is no document or array has nothing below it, not even a missing
 * value.
 */
function intoItem(next: PlaceTest): PlaceTest {
  return (type, bytes, start, end) =>
    type === documentType || type === arrayType ? next(type, bytes, start, end) : nowhere
}
