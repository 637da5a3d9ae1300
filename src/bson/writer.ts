/** Builds a BSON document from front to back in one growing buffer. */
import { assert } from '../base/assert.ts'
import { CommandError } from '../base/errors.ts'
import { builtBytesMax } from '../base/limits.ts'
import { writeFloat64, writeInt32, writeInt64, writeNumberAsInt64 } from './bytes.ts'
import { BsonType, Value } from './value.ts'

const indexNames: string[] = []

/** '0', '1', '2' …: the name of an array's item, made once. */
export function indexName(index: number): string {
  if (index >= 1000) return String(index)
  for (let next = indexNames.length; next <= index; next++) indexNames.push(String(next))
  return indexNames[index] as string
}

/** Where a document is to be written while there is room: from `begin` on, behind `room` bytes that are somebody else's. */
export interface Place {
  readonly bytes: Buffer
  readonly begin: number
  readonly room: number
}

/**
 *   const writer = new BsonWriter()
 *   writer.int32('n', 1)
 *   writer.startDocument('cursor'); … ; writer.end()
 *   const document = writer.finish()
 *
 * The document itself is begun by the constructor and ended by `finish`, after which the writer is used up: its buffer
 * is the document's.
 */
export class BsonWriter {
  #bytes: Buffer
  /** Where the document begins. */
  #begin = 0
  #at = 4
  /** Where the lengths of the documents that are still open have to go; the outermost first. */
  readonly #open: number[] = [0]
  /** Bytes in front of the document that stay in front of it when the buffer grows. */
  readonly #room: number = 0

  /** Into a buffer of its own, of so many bytes at first, or into somebody's. */
  constructor(place: number | Place = 256) {
    if (typeof place === 'number') this.#bytes = Buffer.allocUnsafe(place)
    else {
      this.#bytes = place.bytes
      this.#room = place.room
      this.#moveTo(place.begin)
    }
  }

  /** The document, nothing of it being written yet or all of it moved, begins there. */
  #moveTo(begin: number): void {
    const by = begin - this.#begin
    this.#begin = begin
    this.#at += by
    for (let index = 0; index < this.#open.length; index++) this.#open[index] = (this.#open[index] as number) + by
  }

  /** Bytes written so far, the open documents' ends not counted. */
  get length(): number {
    return this.#at - this.#begin
  }

  /** Makes room for `count` more bytes at once, where that many are known to come. @throws CommandError Location13548. */
  reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    const from = this.#begin - this.#room
    const needed = this.#at - from + count
    if (needed > builtBytesMax) {
      const words = `a value of ${needed} bytes cannot be built: ${builtBytesMax} is the most`
      throw new CommandError('Location13548', words)
    }
    const grown = Buffer.allocUnsafe(Math.max((this.#bytes.length - from) * 2, needed))
    grown.set(this.#bytes.subarray(from, this.#at))
    this.#bytes = grown
    this.#moveTo(this.#room)
  }

  /** Type byte and name. */
  #head(type: number, name: string, valueBytes: number): void {
    const length = name.length
    this.reserve(length * 3 + 2 + valueBytes)
    const bytes = this.#bytes
    bytes[this.#at] = type
    const end = this.#text(name, this.#at + 1)
    bytes[end] = 0
    this.#at = end + 1
  }

  #raw(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start)
    const target = this.#bytes
    let at = this.#at
    if (end - start <= 16) for (let from = start; from < end; from++) target[at++] = bytes[from] as number
    else {
      target.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at)
      at += end - start
    }
    this.#at = at
  }

  /** A value of any type, copied as it is. */
  value(name: string, value: Value): void {
    this.#head(value.type, name, value.end - value.start)
    this.#raw(value.bytes, value.start, value.end)
  }

  /** Elements copied as they lie, names included: `bytes[start, end)` must be whole elements. */
  elements(bytes: Uint8Array, start: number, end: number): void {
    this.#raw(bytes, start, end)
  }

  /** A whole document as a field. */
  document(name: string, document: Uint8Array): void {
    this.#head(BsonType.document, name, document.length)
    this.#raw(document, 0, document.length)
  }

  startDocument(name: string): void {
    this.#start(BsonType.document, name)
  }

  startArray(name: string): void {
    this.#start(BsonType.array, name)
  }

  #start(type: number, name: string): void {
    this.#head(type, name, 4)
    this.#open.push(this.#at)
    this.#at += 4
  }

  /** Ends the document or array that was started last. */
  end(): void {
    // What is open moves along when the buffer grows.
    this.reserve(1)
    const start = this.#open.pop()
    assert(start !== undefined, 'every end has its start')
    this.#bytes[this.#at++] = 0
    writeInt32(this.#bytes, start, this.#at - start)
  }

  int32(name: string, value: number): void {
    this.#head(BsonType.int32, name, 4)
    writeInt32(this.#bytes, this.#at, value)
    this.#at += 4
  }

  int64(name: string, value: bigint): void {
    this.#eight(BsonType.int64, name, value)
  }

  timestamp(name: string, value: bigint): void {
    this.#eight(BsonType.timestamp, name, value)
  }

  date(name: string, ms: number): void {
    this.#head(BsonType.date, name, 8)
    writeNumberAsInt64(this.#bytes, this.#at, ms)
    this.#at += 8
  }

  #eight(type: number, name: string, value: bigint): void {
    this.#head(type, name, 8)
    writeInt64(this.#bytes, this.#at, value)
    this.#at += 8
  }

  double(name: string, value: number): void {
    this.#head(BsonType.double, name, 8)
    writeFloat64(this.#bytes, this.#at, value)
    this.#at += 8
  }

  bool(name: string, value: boolean): void {
    this.#head(BsonType.bool, name, 1)
    this.#bytes[this.#at++] = value ? 1 : 0
  }

  null(name: string): void {
    this.#head(BsonType.null, name, 0)
  }

  string(name: string, text: string): void {
    this.#head(BsonType.string, name, 5 + text.length * 3)
    const start = this.#at + 4
    const end = this.#text(text, start)
    writeInt32(this.#bytes, this.#at, end - start + 1)
    this.#bytes[end] = 0
    this.#at = end + 1
  }

  /** Writes UTF-8 where there is room for it; gives the offset behind it. */
  #text(text: string, start: number): number {
    const bytes = this.#bytes
    const length = text.length
    let at = start
    let index = 0
    // What is short is ASCII nearly always, and a call into native code would cost more than the bytes.
    if (length <= 32) {
      for (; index < length; index++) {
        const code = text.charCodeAt(index)
        if (code >= 0x80) break
        bytes[at++] = code
      }
    }
    return index === length ? at : at + bytes.write(index === 0 ? text : text.slice(index), at, 'utf8')
  }

  binary(name: string, subtype: number, content: Uint8Array): void {
    this.#head(BsonType.binary, name, 5)
    writeInt32(this.#bytes, this.#at, content.length)
    this.#bytes[this.#at + 4] = subtype
    this.#at += 5
    this.#raw(content, 0, content.length)
  }

  objectId(name: string, id: Uint8Array): void {
    this.#head(BsonType.objectId, name, 12)
    this.#raw(id, 0, 12)
  }

  /** Ends the document and gives a view of its bytes, which the next document of this writer overwrites. */
  finishInPlace(): Uint8Array {
    assert(this.#open.length === 1, 'every start has its end')
    this.end()
    const document = this.#bytes.subarray(this.#begin, this.#at)
    this.#open.push(this.#begin)
    this.#at = this.#begin + 4
    return document
  }

  /**
   * Begins with the first `length` bytes of the document before, which was ended in place: whole elements of its top level,
   * nothing of this one being written yet.
   */
  beginAsBefore(length: number): void {
    const end = this.#begin + length
    assert(this.length === 4 && end <= this.#bytes.length, 'a document begins as one that was there')
    this.#at = end
  }

  /** Ends the document and gives its bytes, which nobody else holds. */
  finish(): Uint8Array {
    assert(this.#open.length === 1, 'every start has its end')
    this.end()
    // A view is enough where little is left over; else the waste would live as long as the document does.
    const document = this.#bytes.subarray(this.#begin, this.#at)
    return this.#bytes.length - document.length <= 1024 ? document : Buffer.from(document)
  }
}
