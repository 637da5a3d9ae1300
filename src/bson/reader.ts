/** Walks over the elements of a document without decoding what nobody asks for. */
import { decodeName, encodeUtf8, readInt32 } from './bytes.ts'
import { BsonType, Value, valueEnd } from './value.ts'

/**
 * The elements of a document or array, one after another:
 *
 *   const elements = new ElementReader(document)
 *   while (elements.next()) use(elements.name, elements.value)
 *
 * Between two `next` the fields say where the element lies.
 */
export class ElementReader {
  readonly bytes: Uint8Array
  readonly #end: number
  #at: number
  type = 0
  nameStart = 0
  /** Offset of the 00 behind the name. */
  nameEnd = 0
  valueStart = 0
  valueEnd = 0

  /** `start` is the offset of the document's length. */
  constructor(bytes: Uint8Array, start = 0) {
    this.bytes = bytes
    this.#at = start + 4
    this.#end = start + readInt32(bytes, start) - 1
  }

  /** The elements of a document or array value. */
  static of(value: Value): ElementReader {
    return new ElementReader(value.bytes, value.start)
  }

  /** Goes to the next element; false when there is none. */
  next(): boolean {
    const bytes = this.bytes
    let at = this.#at
    if (at >= this.#end) return false
    this.type = bytes[at++] as number
    this.nameStart = at
    while (bytes[at] !== 0) at++
    this.nameEnd = at
    this.valueStart = at + 1
    this.valueEnd = this.#at = valueEnd(this.type, bytes, at + 1)
    return true
  }

  get name(): string {
    return decodeName(this.bytes, this.nameStart, this.nameEnd)
  }

  get value(): Value {
    return new Value(this.type, this.bytes, this.valueStart, this.valueEnd)
  }
}

/** A field name as bytes, made once where a filter or a path is compiled, for `findField`. */
export type FieldName = Uint8Array

export const fieldName = (name: string): FieldName => encodeUtf8(name)

/** The field called `name` of the document that begins at `start`; the first one if there are several. */
export function findField(bytes: Uint8Array, start: number, name: FieldName): Value | undefined {
  const end = start + readInt32(bytes, start) - 1
  const length = name.length
  let at = start + 4
  while (at < end) {
    const type = bytes[at++] as number
    let matched = 0
    while (matched < length && bytes[at + matched] === name[matched]) matched++
    const isIt = matched === length && bytes[at + matched] === 0
    // A mismatch may be at the name's end already, so the search for it begins where the comparison stopped.
    at += matched
    while (bytes[at] !== 0) at++
    const stop = valueEnd(type, bytes, at + 1)
    if (isIt) return new Value(type, bytes, at + 1, stop)
    at = stop
  }
  return undefined
}

/** The field called `name` of a document. For code that runs once a command; hot code compiles the name first. */
export function getField(document: Uint8Array, name: string): Value | undefined {
  return findField(document, 0, fieldName(name))
}

/** All elements as [name, value], in their order. */
export function elementsOf(value: Value): [name: string, value: Value][] {
  const elements: [string, Value][] = []
  const reader = ElementReader.of(value)
  while (reader.next()) elements.push([reader.name, reader.value])
  return elements
}

/** The items of an array, in their order. */
export function itemsOf(array: Value): Value[] {
  const items: Value[] = []
  const reader = ElementReader.of(array)
  while (reader.next()) items.push(reader.value)
  return items
}

/** The first element, or undefined of an empty document. */
export function firstElement(value: Value): [name: string, value: Value] | undefined {
  const reader = ElementReader.of(value)
  return reader.next() ? [reader.name, reader.value] : undefined
}

/** Whether a document or array has no elements. */
export const isEmpty = (value: Value): boolean => readInt32(value.bytes, value.start) === 5

/** How many elements there are. */
export function elementCount(value: Value): number {
  const reader = ElementReader.of(value)
  let count = 0
  while (reader.next()) count++
  return count
}

/** Whether the value is a document whose first field begins with a dollar sign: `{ $gt: 1 }`. */
export function hasOperators(value: Value): boolean {
  return value.type === BsonType.document && !isEmpty(value) && value.bytes[value.start + 5] === 0x24
}
