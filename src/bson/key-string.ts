/**
 * KeyString V1: a value as bytes whose order under memcmp is the order of values.
 *
 *   key      value* 04                                value    type byte, then what the type needs (see `writeValue`)
 *   object   46 member* 00                            member   generic type byte | name 00 | value with its own type byte
 *   array    50 value* 00
 *
 * What the order does not see (which of the number types, string or symbol) stands beside the key in its type bits.
 * Source: MongoDB, src/mongo/db/storage/key_string.
 */
import { Bug } from '../base/assert.ts'
import { readInt32, readUint32 } from './bytes.ts'
import { codeOf, scopeOf } from './code-with-scope.ts'
import { KeyBuffer } from './key-buffer.ts'
import { NumberByte, writeNumber } from './key-number.ts'
import { ElementReader } from './reader.ts'
import { BsonType } from './value.ts'
import type { Value } from './value.ts'

export { decodeKeyString } from './key-string-decode.ts'

export interface KeyString {
  readonly bytes: Uint8Array
  /** What the bytes do not tell: the number types, string or symbol. Empty when all bits are zero. */
  readonly typeBits: Uint8Array
}

const endByte = 0x04

// Keys are made one at a time, and each is copied out: two buffers serve them all.
const keyBuffer = new KeyBuffer({ prefixFree: false })
const indexBuffer = new KeyBuffer({ prefixFree: true })

/** The key of several values, all ascending, ended by 04. Equal values of different number types give equal bytes. */
export function encodeKeyString(values: readonly Value[]): KeyString {
  keyBuffer.reset()
  for (const value of values) writeValue(keyBuffer, value)
  keyBuffer.byte(endByte)
  return { bytes: keyBuffer.takeBytes(), typeBits: keyBuffer.takeTypeBits() }
}

/**
 * The key of an index or record: one field each, 1 ascending or -1 descending (its bytes complemented). As `encodeKeyString`
 * but without the end, and with texts that hold 00 or 01 written so that no field's bytes are the beginning of another
 * value's: the keys whose first fields equal some values are exactly those that begin with the key of these values.
 *
 * No field begins with FF, so a key followed by FF is above all that begin with it. `prefix` stands before all of them, as four
 * bytes, where it is given.
 */
export function encodeIndexKey(values: readonly Value[], directions: readonly (1 | -1)[], prefix?: number): Uint8Array {
  indexBuffer.reset()
  if (prefix !== undefined) indexBuffer.word(prefix)
  for (let index = 0; index < values.length; index++) {
    const start = indexBuffer.length
    writeValue(indexBuffer, values[index] as Value)
    if (directions[index] === -1) indexBuffer.complement(start)
  }
  return indexBuffer.takeBytes()
}

/** Type bytes by BSON type; of a member they stand before its name. Numbers and booleans have their real one at the value. */
const typeBytes = new Uint8Array(256)
for (const [type, byte] of [
  [BsonType.minKey, 0x0a],
  [BsonType.undefined, 0x0f],
  [BsonType.null, 0x14],
  [BsonType.int32, NumberByte.nan],
  [BsonType.int64, NumberByte.nan],
  [BsonType.double, NumberByte.nan],
  [BsonType.decimal128, NumberByte.nan],
  [BsonType.string, 0x3c],
  [BsonType.symbol, 0x3c],
  [BsonType.document, 0x46],
  [BsonType.array, 0x50],
  [BsonType.binary, 0x5a],
  [BsonType.objectId, 0x64],
  [BsonType.bool, 0x6e],
  [BsonType.date, 0x78],
  [BsonType.timestamp, 0x82],
  [BsonType.regex, 0x8c],
  [BsonType.dbPointer, 0x96],
  [BsonType.code, 0xa0],
  [BsonType.codeWithScope, 0xaa],
  [BsonType.maxKey, 0xf0],
] as const) {
  typeBytes[type] = byte
}

/** Writes one value, ascending, without an end. For who writes a key piece by piece. */
export function writeValue(key: KeyBuffer, value: Value): void {
  const { type, bytes, start, end } = value
  switch (type) {
    case BsonType.int32:
    case BsonType.int64:
    case BsonType.double:
    case BsonType.decimal128:
      return writeNumber(key, value)
    case BsonType.string:
      key.typeBits(0, 1)
      key.byte(0x3c)
      return key.text(bytes, start + 4, end - 1)
    case BsonType.symbol:
      key.typeBits(1, 1)
      key.byte(0x3c)
      return key.text(bytes, start + 4, end - 1)
    case BsonType.bool:
      return key.byte(0x6e + (bytes[start] as number))
  }
  const typeByte = typeBytes[type] as number
  if (typeByte === 0) throw new Bug(`no KeyString for type ${type}`)
  key.byte(typeByte)
  switch (type) {
    case BsonType.objectId:
      return key.raw(bytes, start, end)
    case BsonType.document:
      return writeMembers(key, value)
    case BsonType.array: {
      const reader = ElementReader.of(value)
      while (reader.next()) writeValue(key, reader.value)
      return key.byte(0)
    }
    case BsonType.binary: {
      const length = readInt32(bytes, start)
      if (length < 255) key.byte(length)
      else {
        key.byte(0xff)
        key.word(length)
      }
      return key.raw(bytes, start + 4, end)
    }
    case BsonType.date:
      // The sign bit is turned over, so that what was before 1970 comes first.
      key.word(readInt32(bytes, start + 4) ^ 0x8000_0000)
      return key.word(readInt32(bytes, start))
    case BsonType.timestamp:
      key.word(readUint32(bytes, start + 4))
      return key.word(readUint32(bytes, start))
    case BsonType.regex:
      return key.raw(bytes, start, end)
    case BsonType.dbPointer:
      key.word(readInt32(bytes, start) - 1)
      key.raw(bytes, start + 4, end - 13)
      return key.raw(bytes, end - 12, end)
    case BsonType.code:
      return key.text(bytes, start + 4, end - 1)
    case BsonType.codeWithScope: {
      const code = codeOf(value)
      key.text(bytes, code.start + 4, code.end - 1)
      return writeMembers(key, scopeOf(value))
    }
  }
}

function writeMembers(key: KeyBuffer, document: Value): void {
  const reader = ElementReader.of(document)
  while (reader.next()) {
    key.byte(typeBytes[reader.type] as number)
    key.raw(reader.bytes, reader.nameStart, reader.valueStart)
    writeValue(key, reader.value)
  }
  key.byte(0)
}
