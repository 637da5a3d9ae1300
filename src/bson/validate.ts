/**
 * Checks bytes from outside before anything else looks at them. Every byte of every insert goes through here, so it is one
 * walk without allocation.
 */
import { isUtf8 } from 'node:buffer'
import { CommandError } from '../base/errors.ts'
import { documentDepthMax } from '../base/limits.ts'
import { readInt32 } from './bytes.ts'
import { BsonType } from './value.ts'

/**
 * Refuses bytes that are not one whole, well-formed BSON document: lengths, terminators, types, UTF-8, booleans, depth.
 *
 * @throws CommandError InvalidBSON, Overflow for nesting deeper than `documentDepthMax`. Says where.
 */
export function validateDocument(bytes: Uint8Array, start: number, end: number): void {
  if (end - start < 5 || end > bytes.length) throw invalid('a document has at least 5 bytes', start)
  const length = readInt32(bytes, start)
  if (length !== end - start) throw invalid(`the length says ${length}, there are ${end - start} bytes`, start)
  validateElements(bytes, start, 1)
}

/** The document at `start`, whose length is known to lie within what surrounds it. */
function validateElements(bytes: Uint8Array, start: number, depth: number): void {
  if (depth > documentDepthMax) {
    throw new CommandError('Overflow', `exceeded maximum nesting depth: ${documentDepthMax} levels`)
  }
  const end = start + readInt32(bytes, start) - 1
  if (bytes[end] !== 0) throw invalid('a document does not end with 00', end)
  let at = start + 4
  while (at < end) {
    const type = bytes[at] as number
    const name = at + 1
    at = nameEnd(bytes, name, end) + 1
    switch (type) {
      case BsonType.int32:
        at += 4
        break
      case BsonType.string:
      case BsonType.symbol:
      case BsonType.code:
        at = textEnd(bytes, at, end)
        break
      case BsonType.double:
      case BsonType.int64:
      case BsonType.date:
      case BsonType.timestamp:
        at += 8
        break
      case BsonType.objectId:
        at += 12
        break
      case BsonType.document:
      case BsonType.array:
        at = documentEnd(bytes, at, end, depth)
        break
      case BsonType.bool:
        if ((bytes[at] as number) > 1) throw invalid('a boolean is neither 0 nor 1', at)
        at += 1
        break
      case BsonType.null:
      case BsonType.undefined:
      case BsonType.minKey:
      case BsonType.maxKey:
        break
      case BsonType.binary:
        at = binaryEnd(bytes, at, end)
        break
      case BsonType.decimal128:
        at += 16
        break
      case BsonType.regex:
        at = nameEnd(bytes, nameEnd(bytes, at, end) + 1, end) + 1
        break
      case BsonType.dbPointer:
        at = textEnd(bytes, at, end) + 12
        break
      case BsonType.codeWithScope:
        at = codeWithScopeEnd(bytes, at, end, depth)
        break
      default:
        throw invalid(`unknown type ${type}`, name - 1)
    }
    if (at > end) throw invalid('a value reaches past the end of its document', name - 1)
  }
}

function documentEnd(bytes: Uint8Array, start: number, end: number, depth: number): number {
  const length = start + 4 <= end ? readInt32(bytes, start) : 0
  if (length < 5 || length > end - start) throw invalid(`a document of length ${length} does not fit`, start)
  validateElements(bytes, start, depth + 1)
  return start + length
}

/** Offset of the 00 of a name, pattern or options. */
function nameEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let joined = 0
  while (at < end) {
    const byte = bytes[at] as number
    if (byte === 0) {
      if (joined >= 0x80) requireUtf8(bytes, start, at)
      return at
    }
    joined |= byte
    at++
  }
  throw invalid('a name does not end', start)
}

/** length int32 | UTF-8 | 00, with the 00 counted. */
function textEnd(bytes: Uint8Array, start: number, end: number): number {
  const length = start + 4 <= end ? readInt32(bytes, start) : 0
  if (length < 1 || length > end - start - 4) throw invalid(`a string of length ${length} does not fit`, start)
  const textStart = start + 4
  const stop = textStart + length - 1
  if (bytes[stop] !== 0) throw invalid('a string does not end with 00', stop)
  requireUtf8(bytes, textStart, stop)
  return stop + 1
}

/** A call into native code costs as much as this many bytes by hand. */
const nativeFrom = 192

function requireUtf8(bytes: Uint8Array, start: number, end: number): void {
  let at = start
  const stop = end - start > nativeFrom ? start + nativeFrom : end
  while (at < stop && (bytes[at] as number) < 0x80) at++
  if (at === end) return
  if (end - at > 24) {
    if (!isUtf8(bytes.subarray(at, end))) throw invalid('text is not UTF-8', start)
    return
  }
  while (at < end) {
    const length = characterLength(bytes, at, end)
    if (length === 0) throw invalid('text is not UTF-8', at)
    at += length
  }
}

/** Bytes of the UTF-8 character at `at`; 0 when it is none. Overlong forms, surrogates and values past 10FFFF are none. */
function characterLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (at + length > end) return 0
  const second = bytes[at + 1] as number
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < lowest || second > highest) return 0
  for (let next = 2; next < length; next++) if (((bytes[at + next] as number) & 0xc0) !== 0x80) return 0
  return length
}

/** length int32 | subtype | content; of the old subtype 2 the content begins with its own length. */
function binaryEnd(bytes: Uint8Array, start: number, end: number): number {
  const length = start + 5 <= end ? readInt32(bytes, start) : -1
  if (length < 0 || length > end - start - 5) throw invalid(`a binary of length ${length} does not fit`, start)
  if (bytes[start + 4] === 2 && (length < 4 || readInt32(bytes, start + 5) !== length - 4)) {
    throw invalid('the inner length of a binary of subtype 2 is wrong', start)
  }
  return start + 5 + length
}

/** length int32 | code: a string | scope: a document. */
function codeWithScopeEnd(bytes: Uint8Array, start: number, end: number, depth: number): number {
  const length = start + 4 <= end ? readInt32(bytes, start) : 0
  const stop = start + length
  // The smallest: 4 for the length, 5 for an empty string, 5 for an empty document.
  if (length < 14 || stop > end) throw invalid(`a code with scope of length ${length} does not fit`, start)
  const scope = textEnd(bytes, start + 4, stop)
  if (documentEnd(bytes, scope, stop, depth) !== stop) throw invalid('a code with scope has bytes left over', scope)
  return stop
}

function invalid(what: string, at: number): CommandError {
  return new CommandError('InvalidBSON', `Not valid BSON at byte ${at}: ${what}`)
}
