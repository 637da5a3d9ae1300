/** Values read back from a KeyString of which nothing is trusted: a client may have sent it. */
import { isUtf8 } from 'node:buffer'
import { CommandError } from '../base/errors.ts'
import { documentDepthMax } from '../base/limits.ts'
import { writeInt32 } from './bytes.ts'
import { binaryValue, boolValue, maxKeyValue, minKeyValue, nullValue, objectIdValue } from './encode.ts'
import { isNumberByte, readNumber } from './key-number-decode.ts'
import { KeyReader, broken } from './key-reader.ts'
import { BsonType, Value, documentValue } from './value.ts'
import { BsonWriter, indexName } from './writer.ts'

/**
 * The values of a key with their types. What follows the end byte is not looked at.
 *
 * @throws CommandError with the server's code for bytes that are no KeyString.
 */
export function decodeKeyString(bytes: Uint8Array, typeBits: Uint8Array): Value[] {
  const reader = new KeyReader(bytes, typeBits)
  const values: Value[] = []
  while (!reader.isAtEnd) {
    let typeByte = reader.byte()
    // A bound of a query ends in "just below" or "just above", which belongs to the value before it.
    if (typeByte === 0x01 || typeByte === 0xfe) typeByte = reader.byte()
    if (typeByte === 0x04) break
    values.push(readValue(reader, typeByte, 1))
  }
  return values
}

function readValue(reader: KeyReader, typeByte: number, depth: number): Value {
  if (depth > documentDepthMax) throw new CommandError('Overflow', 'KeyString format error: nesting is too deep')
  if (isNumberByte(typeByte)) return readNumber(reader, typeByte)
  switch (typeByte) {
    case 0x0a:
      return minKeyValue
    case 0x0f:
      return new Value(BsonType.undefined, new Uint8Array(0), 0, 0)
    case 0x14:
      return nullValue
    case 0x3c:
      return textValue(reader.typeBits(1) === 1 ? BsonType.symbol : BsonType.string, reader.text())
    case 0x46:
      return readMembers(reader, depth)
    case 0x50:
      return readItems(reader, depth)
    case 0x5a: {
      const short = reader.byte()
      const length = short === 0xff ? reader.word() : short
      const subtype = reader.byte()
      return checkedBinary(subtype, reader.raw(length))
    }
    case 0x64:
      return objectIdValue(reader.raw(12).slice())
    case 0x6e:
    case 0x6f:
      return boolValue(typeByte === 0x6f)
    case 0x78: {
      const high = reader.word() ^ 0x8000_0000
      return eightBytes(BsonType.date, high, reader.word())
    }
    case 0x82: {
      const seconds = reader.word()
      return eightBytes(BsonType.timestamp, seconds, reader.word())
    }
    case 0x8c:
      return joined(BsonType.regex, checkedText(reader.name()), zero, checkedText(reader.name()), zero)
    case 0x96: {
      const namespace = textValue(BsonType.string, reader.raw(reader.word()))
      return joined(BsonType.dbPointer, namespace.bytes, reader.raw(12))
    }
    case 0xa0:
      return textValue(BsonType.code, reader.text())
    case 0xaa: {
      const code = textValue(BsonType.code, reader.text())
      const scope = readMembers(reader, depth)
      const length = new Uint8Array(4)
      writeInt32(length, 0, 4 + code.bytes.length + scope.bytes.length)
      return joined(BsonType.codeWithScope, length, code.bytes, scope.bytes)
    }
    case 0xf0:
      return maxKeyValue
    default:
      throw broken(`Unknown type: ${typeByte}`, 'Location50811')
  }
}

/** generic type byte | name 00 | value, until a 00. The generic type byte says nothing that the value's own does not. */
function readMembers(reader: KeyReader, depth: number): Value {
  const writer = new BsonWriter()
  while (reader.byte() !== 0) {
    const name = checkedText(reader.name())
    writer.value(Buffer.from(name).toString('utf8'), readValue(reader, reader.byte(), depth + 1))
  }
  return documentValue(writer.finish())
}

function readItems(reader: KeyReader, depth: number): Value {
  const writer = new BsonWriter()
  for (let index = 0; ; index++) {
    const typeByte = reader.byte()
    if (typeByte === 0) break
    writer.value(indexName(index), readValue(reader, typeByte, depth + 1))
  }
  const bytes = writer.finish()
  return new Value(BsonType.array, bytes, 0, bytes.length)
}

const zero = Uint8Array.of(0)

function joined(type: number, ...parts: readonly Uint8Array[]): Value {
  const bytes = Buffer.concat(parts)
  return new Value(type, bytes, 0, bytes.length)
}

/** length int32 | text | 00. */
function textValue(type: number, text: Uint8Array): Value {
  const length = new Uint8Array(4)
  writeInt32(length, 0, text.length + 1)
  return joined(type, length, checkedText(text), zero)
}

function checkedText(text: Uint8Array): Uint8Array {
  if (!isUtf8(text)) throw broken('text is not UTF-8')
  return text
}

function checkedBinary(subtype: number, content: Uint8Array): Value {
  const value = binaryValue(subtype, content)
  const inner = subtype === 2 ? new DataView(content.buffer, content.byteOffset, content.length) : undefined
  if (inner !== undefined && (content.length < 4 || inner.getInt32(0, true) !== content.length - 4)) {
    throw broken('the inner length of a binary of subtype 2 is wrong')
  }
  return value
}

function eightBytes(type: number, high: number, low: number): Value {
  const bytes = new Uint8Array(8)
  writeInt32(bytes, 0, low)
  writeInt32(bytes, 4, high)
  return new Value(type, bytes, 0, 8)
}
