/** The _id of a document that comes in: it stands first, there is always one, and it is of a type that may be one. */
import { must } from '../base/assert.ts'
import type { Env } from '../base/env.ts'
import { CommandError } from '../base/errors.ts'
import { documentBytesMax } from '../base/limits.ts'
import { writeInt32 } from '../bson/bytes.ts'
import { objectIdValue } from '../bson/encode.ts'
import { ElementReader, fieldName, findField } from '../bson/reader.ts'
import { BsonType, typeName, type Value, valueEnd } from '../bson/value.ts'
import { BsonWriter } from '../bson/writer.ts'

const idField = fieldName('_id')

/** A new ObjectId: seconds, then eight bytes of chance. Drivers make their own nearly always. */
export function newObjectId(env: Env): Uint8Array {
  const id = new Uint8Array(12)
  const seconds = Math.floor(env.wallMs() / 1000)
  id.set([seconds >>> 24, seconds >>> 16, seconds >>> 8, seconds])
  id.set(env.randomBytes(8), 4)
  return id
}

/**
 * The document as it will be stored: with its _id in front, one added if it has none, and a timestamp of zero at the top
 * level replaced by `now` (as `toTimestamp`), where there is one. Usually the same bytes.
 *
 * @throws CommandError InvalidIdField, DollarPrefixedFieldName, BSONObjectTooLarge.
 */
export function prepareDocument(
  document: Uint8Array,
  env: Env,
  now: bigint | undefined,
): { document: Uint8Array; id: Value } {
  const found = findField(document, 0, idField)
  if (found !== undefined) requireId(found)
  const id = found ?? objectIdValue(newObjectId(env))
  const prepared = withIdFirst(now === undefined ? document : withTimestamps(document, now), id)
  if (prepared.length > documentBytesMax) {
    throw new CommandError(
      'BSONObjectTooLarge',
      `object to insert too large. size in bytes: ${prepared.length}, max size: ${documentBytesMax}`,
    )
  }
  return { document: prepared, id }
}

/** Refuses a value that cannot be an _id. Source: MongoDB manual, "The _id field". */
export function requireId(id: Value): void {
  if (id.type === BsonType.array || id.type === BsonType.regex || id.type === BsonType.undefined) {
    throw new CommandError('InvalidIdField', `The '_id' value cannot be of type ${typeName(id)}`)
  }
  if (id.type !== BsonType.document) return
  const elements = ElementReader.of(id)
  while (elements.next()) {
    if (elements.name.startsWith('$')) {
      throw new CommandError(
        'DollarPrefixedFieldName',
        `_id fields may not contain '$'-prefixed fields: ${elements.name} is not valid for storage.`,
      )
    }
  }
}

/** `document` with `id` as its first field; the same bytes when it stands there already. */
export function withIdFirst(document: Uint8Array, id: Value): Uint8Array {
  // Type byte, then the name "_id" and its 00.
  if (document[5] === 0x5f && document[6] === 0x69 && document[7] === 0x64 && document[8] === 0) return document
  const writer = new BsonWriter(document.length + 32)
  writer.value('_id', id)
  const elements = new ElementReader(document)
  while (elements.next()) {
    if (elements.name !== '_id') writer.elements(document, elements.nameStart - 1, elements.valueEnd)
  }
  return writer.finish()
}

/** `Timestamp(0, 0)` in a top-level field means "now". Source: MongoDB manual, "BSON types", timestamps. */
function withTimestamps(document: Uint8Array, now: bigint): Uint8Array {
  let copy: Uint8Array | undefined
  const elements = new ElementReader(document)
  while (elements.next()) {
    if (elements.type !== BsonType.timestamp || elements.name === '_id') continue
    const { valueStart } = elements
    if (document.subarray(valueStart, valueStart + 8).some(byte => byte !== 0)) continue
    copy ??= Uint8Array.from(document)
    writeInt32(copy, valueStart, Number(BigInt.asIntN(32, now)))
    writeInt32(copy, valueStart + 4, Number(BigInt.asIntN(32, now >> 32n)))
  }
  return copy ?? document
}

/** `{ _id }` of a stored document, as change events and the oplog name it. */
export function documentKeyOf(document: Uint8Array): Uint8Array {
  // In a stored document the _id stands first: type byte, name, value.
  const end = valueEnd(document[4] as number, document, 9)
  const key = Buffer.allocUnsafe(end + 1)
  writeInt32(key, 0, end + 1)
  if (end <= 32) for (let at = 4; at < end; at++) key[at] = document[at] as number
  else key.set(document.subarray(4, end), 4)
  key[end] = 0
  return key
}

/** The _id of a stored document, which always has one. */
export const idOf = (document: Uint8Array): Value => must(findField(document, 0, idField), '_id of a stored document')
