/** Values as keys of a Map: two values have one key exactly when they are equal. */
import type { Collation } from '../bson/collation.ts'
import { stringValue, documentOf, arrayValue } from '../bson/encode.ts'
import { encodeKeyString } from '../bson/key-string.ts'
import { toExactInteger } from '../bson/number.ts'
import { elementsOf, itemsOf } from '../bson/reader.ts'
import { BsonType, isNumber, toInt32, toText } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import type { MemoryBudget } from './memory-budget.ts'

/**
 * A key is 'n' and the digits of an integer (so 1, 1.0 and NumberDecimal('1') have one), 's' and the text of a string, 'o'
 * and the bytes of an ObjectId, or 'k' and the KeyString of anything else. A missing value has the empty key.
 */
export class ValueKeys {
  readonly #classes: TextClasses | undefined

  /** `memory` pays for the strings that a collation makes it remember. */
  constructor(collation: Collation | undefined, memory: MemoryBudget) {
    this.#classes = collation === undefined ? undefined : new TextClasses(collation, memory)
  }

  keyOf(value: Value | undefined): string {
    return this.#key(value, text => this.#classes?.representativeOf(text) ?? text)
  }

  /** The key that `keyOf` gave an equal value before, or one that it gave nobody. Remembers nothing. */
  lookUp(value: Value | undefined): string {
    return this.#key(value, text => this.#classes?.find(text) ?? text)
  }

  #key(value: Value | undefined, classOf: (text: string) => string): string {
    if (value === undefined) return ''
    if (value.type === BsonType.int32) return `n${toInt32(value)}`
    if (value.type === BsonType.string || value.type === BsonType.symbol) return `s${classOf(toText(value))}`
    if (value.type === BsonType.objectId) return `o${asText(value.bytes, value.start, value.end)}`
    const integer = isNumber(value) ? toExactInteger(value) : undefined
    if (integer !== undefined) return `n${integer}`
    const { bytes } = encodeKeyString([this.#plain(value, classOf)])
    return `k${asText(bytes, 0, bytes.length)}`
  }

  /** The value with each string in it replaced by the one that stands for all that the collation calls equal to it. */
  #plain(value: Value, classOf: (text: string) => string): Value {
    if (this.#classes === undefined) return value
    switch (value.type) {
      case BsonType.string:
      case BsonType.symbol:
        return stringValue(classOf(toText(value)))
      case BsonType.document:
        return documentOf(elementsOf(value).map(([name, field]) => [name, this.#plain(field, classOf)] as const))
      case BsonType.array:
        return arrayValue(itemsOf(value).map(item => this.#plain(item, classOf)))
      default:
        return value
    }
  }
}

/** A character for each byte. */
function asText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

/** Strings in classes of equals under a collation, which only says how two strings compare. */
class TextClasses {
  readonly #collation: Collation
  readonly #memory: MemoryBudget
  /** The first string seen of each class, in the collation's order. */
  readonly #representatives: string[] = []
  readonly #known = new Map<string, string>()

  constructor(collation: Collation, memory: MemoryBudget) {
    this.#collation = collation
    this.#memory = memory
  }

  representativeOf(text: string): string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    this.#memory.take(text.length * 2 + 100)
    const place = this.#search(text)
    const representative = place.found ?? text
    if (place.found === undefined) this.#representatives.splice(place.at, 0, text)
    this.#known.set(text, representative)
    return representative
  }

  /** The string that stands for `text`; undefined when none that is equal has been seen. */
  find(text: string): string | undefined {
    return this.#known.get(text) ?? this.#search(text).found
  }

  /** The one that is equal, or where it would have its place. */
  #search(text: string): { readonly found: string | undefined; readonly at: number } {
    let low = 0
    let high = this.#representatives.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const candidate = this.#representatives[middle] as string
      const order = this.#collation.compare(text, candidate)
      if (order === 0) return { found: candidate, at: middle }
      if (order < 0) high = middle
      else low = middle + 1
    }
    return { found: undefined, at: low }
  }
}
