/** A few field names, known beforehand, to be recognised in the bytes of documents without decoding anything. */
import { type FieldName, fieldName } from '../bson/reader.ts'

// length and first byte → the first name with both; names that share a slot are chained. Most names of a document that
// are not wanted end in an empty slot, so their bytes are never compared.
const slotCount = 64

export class NameTable {
  readonly #names: readonly FieldName[]
  readonly #slots = new Int16Array(slotCount).fill(-1)
  readonly #next: Int16Array

  /** `names` are distinct. */
  constructor(names: readonly string[]) {
    this.#names = names.map(fieldName)
    this.#next = new Int16Array(names.length).fill(-1)
    for (const [index, name] of this.#names.entries()) {
      const slot = slotOf(name.length, name[0] ?? 0)
      this.#next[index] = this.#slots[slot] as number
      this.#slots[slot] = index
    }
  }

  /** The index of the name in `bytes[start, end)`, whose end is a 00 byte; -1 when it is none of these. */
  indexOf(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start
    let index = this.#slots[slotOf(length, bytes[start] as number)] as number
    while (index !== -1 && !isSame(this.#names[index] as FieldName, bytes, start, length)) {
      index = this.#next[index] as number
    }
    return index
  }
}

const slotOf = (length: number, firstByte: number): number => (length * 7 + firstByte) & (slotCount - 1)

function isSame(name: FieldName, bytes: Uint8Array, start: number, length: number): boolean {
  if (name.length !== length) return false
  for (let at = 0; at < length; at++) if (name[at] !== bytes[start + at]) return false
  return true
}
