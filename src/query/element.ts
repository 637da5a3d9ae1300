/**
 * Finding elements in the bytes of documents, as fast as can be.
 *
 * This is what a scan spends its time in, and it is instructions that count, not memory. So names are compared four
 * bytes at a time and no value is decoded. The functions are constants, and hot code makes constants of its own of
 * them before it uses them: those the engine puts in place, where it would look up an import, or a `function`, at
 * each call.
 */
import { readInt32 } from '../bson/bytes.ts'
import { fieldName } from '../bson/reader.ts'
import { BsonType, Value, valueEnd } from '../bson/value.ts'

/** A field's name, ready to be recognised. */
export interface NamePattern {
  /** How many bytes it has, its 00 counted. */
  readonly nameBytes: number
  /** The first eight of them, little-endian. What is behind a mask's zeros belongs to the name no more. */
  readonly word0: number
  readonly mask0: number
  readonly word1: number
  readonly mask1: number
  /** The bytes after those. */
  readonly rest: Uint8Array
}

export function compileName(name: string): NamePattern {
  const bytes = Uint8Array.from([...fieldName(name), 0])
  const padded = new Uint8Array(Math.max(8, bytes.length))
  padded.set(bytes)
  return {
    nameBytes: bytes.length,
    word0: readInt32(padded, 0),
    mask0: maskFor(bytes.length),
    word1: readInt32(padded, 4),
    mask1: maskFor(bytes.length - 4),
    rest: bytes.slice(8),
  }
}

/** As many ones at the low end as `count` bytes have, of four. */
const maskFor = (count: number): number => (count <= 0 ? 0 : count >= 4 ? -1 : (1 << (count * 8)) - 1)

const readWord = readInt32
const endOfAny = valueEnd
const { array: arrayType, document: documentType, string: stringType } = BsonType

/** As `valueEnd`, sooner for the types that most values have. */
export const endOf = (type: number, bytes: Uint8Array, start: number): number => {
  if (type === documentType || type === arrayType) return start + readWord(bytes, start)
  if (type === stringType) return start + 4 + readWord(bytes, start)
  return endOfAny(type, bytes, start)
}

/** Whether the name at `at`, whose first four bytes are those of `name`, goes on as it does. */
export const goesOn = (name: NamePattern, bytes: Uint8Array, at: number): boolean =>
  name.nameBytes <= 4 ||
  ((readWord(bytes, at + 4) & name.mask1) === name.word1 && (name.nameBytes <= 8 || isSame(name.rest, bytes, at + 8)))

const isSame = (expected: Uint8Array, bytes: Uint8Array, start: number): boolean => {
  for (let at = 0; at < expected.length; at++) if (bytes[start + at] !== expected[at]) return false
  return true
}

/** Offset of the 00 behind the name at `at`, whose first four bytes are `word`. */
export const nameEnd = (word: number, bytes: Uint8Array, at: number): number => {
  // A borrow reaches the high bit of a byte that is 0, and of no other whose high bit is not set.
  if (((word - 0x01010101) & ~word & 0x80808080) === 0) return findZero(bytes, at + 4)
  if ((word & 0xff) === 0) return at
  if ((word & 0xff00) === 0) return at + 1
  return (word & 0xff0000) === 0 ? at + 2 : at + 3
}

/** Four steps to a turn: the turn itself costs as much as a step. */
const findZero = (bytes: Uint8Array, start: number): number => {
  for (let at = start; ; at += 4) {
    if (bytes[at] === 0) return at
    if (bytes[at + 1] === 0) return at + 1
    if (bytes[at + 2] === 0) return at + 2
    if (bytes[at + 3] === 0) return at + 3
  }
}

/** As readInt32, with zeros for what is beyond the buffer. */
export const readWordSafely = (bytes: Uint8Array, start: number): number => {
  if (start + 4 <= bytes.length) return readWord(bytes, start)
  let word = 0
  for (let at = bytes.length - 1; at >= start; at--) word = (word << 8) | (bytes[at] as number)
  return word
}

/**
 * Where the field called `name` of the document at `start` begins: the offset of its type byte, behind which come the
 * name and the value; -1 when there is none. The first one if there are several.
 */
export const findElement = (bytes: Uint8Array, start: number, name: NamePattern): number => {
  const end = start + readWord(bytes, start) - 1
  const { mask0, word0 } = name
  let at = start + 4
  while (at < end) {
    const element = at++
    const word = readWordSafely(bytes, at)
    if ((word & mask0) === word0 && goesOn(name, bytes, at)) return element
    at = endOf(bytes[element] as number, bytes, nameEnd(word, bytes, at) + 1)
  }
  return -1
}

/** The field called `name` of a document, or what an array has at a position. */
export function valueUnder(container: Value, name: NamePattern): Value | undefined {
  const { bytes } = container
  const element = findElement(bytes, container.start, name)
  if (element === -1) return undefined
  const type = bytes[element] as number
  const start = element + 1 + name.nameBytes
  return new Value(type, bytes, start, endOf(type, bytes, start))
}
