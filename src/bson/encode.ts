/** JavaScript values → BSON, for the documents that the server makes itself: replies, oplog entries, computed values. */
import { BsonWriter, indexName } from './writer.ts'
import { writeFloat64, writeInt32, writeInt64, writeNumberAsInt64 } from './bytes.ts'
import { BsonType, Value } from './value.ts'

/**
 * What a field of a made document may be. A number is an int32 where it is one, else a double (for a double whatever
 * it holds: `doubleValue`); a bigint is an int64; a Uint8Array is a whole document; `undefined` leaves the field out.
 */
export type Encodable =
  | undefined
  | null
  | boolean
  | string
  | number
  | bigint
  | Date
  | Value
  | Uint8Array
  | readonly Encodable[]
  | { readonly [name: string]: Encodable }

/** `fields` as a BSON document, in their order. Nobody else holds the bytes. */
export function encodeDocument(fields: { readonly [name: string]: Encodable }): Uint8Array {
  const writer = new BsonWriter()
  writeFields(writer, fields)
  return writer.finish()
}

/** Writes each of `fields` into the document that `writer` is at. */
export function writeFields(writer: BsonWriter, fields: { readonly [name: string]: Encodable }): void {
  for (const name in fields) writeField(writer, name, fields[name])
}

export function writeField(writer: BsonWriter, name: string, field: Encodable): void {
  switch (typeof field) {
    case 'undefined':
      return
    case 'string':
      return writer.string(name, field)
    case 'boolean':
      return writer.bool(name, field)
    case 'bigint':
      return writer.int64(name, field)
    case 'number':
      return isInt32(field) ? writer.int32(name, field) : writer.double(name, field)
  }
  if (field === null) return writer.null(name)
  if (field instanceof Value) return writer.value(name, field)
  if (field instanceof Uint8Array) return writer.document(name, field)
  if (field instanceof Date) return writer.date(name, field.getTime())
  if (Array.isArray(field)) {
    writer.startArray(name)
    writeItems(writer, field as readonly Encodable[])
  } else {
    writer.startDocument(name)
    writeFields(writer, field as { readonly [name: string]: Encodable })
  }
  writer.end()
}

function writeItems(writer: BsonWriter, items: readonly Encodable[]): void {
  // A batch of documents is most of a reply: a buffer that had to grow with it would copy it over and over.
  let bytesExpected = 0
  for (const item of items) if (item instanceof Uint8Array) bytesExpected += item.length + itemHeadBytesMax
  if (bytesExpected > 0) writer.reserve(bytesExpected + behindBatchBytes)
  for (let index = 0; index < items.length; index++) writeField(writer, indexName(index), items[index] ?? null)
}

/** The type, the index as text and the 00 behind it. */
const itemHeadBytesMax = 12

/** What follows a batch in a reply is smaller: it is room for that too, or the buffer would have to grow once more. */
const behindBatchBytes = 256

const isInt32 = (value: number): boolean => (value | 0) === value && !Object.is(value, -0)

/** `field` as a value in bytes of its own. `undefined` gives null. */
export function encodeValue(field: Encodable): Value {
  if (field instanceof Value) return field
  const writer = new BsonWriter()
  writeField(writer, '', field ?? null)
  const document = writer.finish()
  // length int32, type, the empty name's 00, then the value up to the document's own 00
  return new Value(document[4] as number, document, 6, document.length - 1)
}

// Single values of one type each, made without a writer: what arithmetic and comparisons give.

function made(type: number, bytesCount: number): Value {
  return new Value(type, new Uint8Array(bytesCount), 0, bytesCount)
}

export const nullValue: Value = made(BsonType.null, 0)
export const minKeyValue: Value = made(BsonType.minKey, 0)
export const maxKeyValue: Value = made(BsonType.maxKey, 0)
export const trueValue: Value = new Value(BsonType.bool, Uint8Array.of(1), 0, 1)
export const falseValue: Value = new Value(BsonType.bool, Uint8Array.of(0), 0, 1)

export const boolValue = (value: boolean): Value => (value ? trueValue : falseValue)

export function int32Value(value: number): Value {
  const result = made(BsonType.int32, 4)
  writeInt32(result.bytes, 0, value)
  return result
}

export function doubleValue(value: number): Value {
  const result = made(BsonType.double, 8)
  writeFloat64(result.bytes, 0, value)
  return result
}

function eightBytes(type: number, value: bigint): Value {
  const result = made(type, 8)
  writeInt64(result.bytes, 0, value)
  return result
}

export const int64Value = (value: bigint): Value => eightBytes(BsonType.int64, value)
/** `value` as in `toTimestamp`: seconds in the high half, increment in the low. */
export const timestampValue = (value: bigint): Value => eightBytes(BsonType.timestamp, value)
/** `ms` since 1970; a fraction is cut off. */
export function dateValue(ms: number): Value {
  const result = made(BsonType.date, 8)
  writeNumberAsInt64(result.bytes, 0, ms)
  return result
}

/** The sixteen bytes of a decimal128, as they lie in a document. They are not copied. */
export const decimalValue = (bytes: Uint8Array): Value => new Value(BsonType.decimal128, bytes, 0, 16)

export function stringValue(text: string): Value {
  const length = Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(length + 5)
  writeInt32(bytes, 0, length + 1)
  bytes.write(text, 4, 'utf8')
  bytes[length + 4] = 0
  return new Value(BsonType.string, bytes, 0, bytes.length)
}

export const objectIdValue = (id: Uint8Array): Value => new Value(BsonType.objectId, id, 0, 12)

export function binaryValue(subtype: number, content: Uint8Array): Value {
  const bytes = new Uint8Array(5 + content.length)
  writeInt32(bytes, 0, content.length)
  bytes[4] = subtype
  bytes.set(content, 5)
  return new Value(BsonType.binary, bytes, 0, bytes.length)
}

/** An array of `items`; an item that is missing becomes null. */
export function arrayValue(items: readonly (Value | undefined)[]): Value {
  const writer = new BsonWriter()
  for (const [index, item] of items.entries()) writer.value(indexName(index), item ?? nullValue)
  const bytes = writer.finish()
  return new Value(BsonType.array, bytes, 0, bytes.length)
}

/** A document of `elements`, in their order; those that are missing are left out. */
export function documentOf(elements: Iterable<readonly [name: string, value: Value | undefined]>): Value {
  const writer = new BsonWriter()
  for (const [name, value] of elements) if (value !== undefined) writer.value(name, value)
  const bytes = writer.finish()
  return new Value(BsonType.document, bytes, 0, bytes.length)
}
