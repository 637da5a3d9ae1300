/** Replacing a whole document: everything goes but its _id. */
import { CommandError } from '../base/errors.ts'
import { equalValues } from '../bson/compare.ts'
import { timestampValue } from '../bson/encode.ts'
import { ElementReader, getField } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { BsonType, isArray, toTimestamp } from '../bson/value.ts'
import { BsonWriter } from '../bson/writer.ts'
import { requireFieldName } from './storable.ts'
import { sameValue } from './value-bytes.ts'
import type { Value } from '../bson/value.ts'

/** @throws CommandError DollarPrefixedFieldName for a field name that only an operator could have. */
export function requireReplacement(replacement: Uint8Array): void {
  const reader = new ElementReader(replacement)
  while (reader.next()) requireFieldName(reader.name)
}

/** Whether a field, the _id apart, is a zero timestamp, which stands for the time of the write. */
export function hasZeroTimestamp(replacement: Uint8Array): boolean {
  const reader = new ElementReader(replacement)
  while (reader.next()) if (isZeroTimestamp(reader)) return true
  return false
}

/** `replacement` with `clusterTime` in place of zero timestamps. */
export function withTimestamps(replacement: Uint8Array, clusterTime: bigint): Uint8Array {
  const writer = new BsonWriter(replacement.length + 64)
  const reader = new ElementReader(replacement)
  while (reader.next()) {
    writer.value(reader.name, isZeroTimestamp(reader) ? timestampValue(clusterTime) : reader.value)
  }
  return writer.finish()
}

const isZeroTimestamp = (reader: ElementReader): boolean =>
  reader.type === BsonType.timestamp && toTimestamp(reader.value) === 0n && reader.name !== '_id'

/**
 * What `before` becomes: the fields of `replacement`, and in front of them the _id that was there, or that the replacement
 * brings when there was none. Shares the replacement's bytes where nothing has to move.
 *
 * @throws CommandError ImmutableField when the replacement has another _id.
 */
export function replaceDocument(before: Uint8Array, replacement: Uint8Array): Uint8Array {
  const idBefore = getField(before, '_id')
  const idAfter = getField(replacement, '_id')
  if (idAfter !== undefined) requireSameId(idBefore, idAfter)
  const id = idBefore ?? idAfter
  return id === undefined || isFirst(id, replacement) ? replacement : withIdInFront(id, replacement)
}

function requireSameId(before: Value | undefined, after: Value): void {
  if (isArray(after)) {
    throw new CommandError(
      'NotSingleValueField',
      "After applying the update to the document, the (immutable) field '_id' was found to be an array or array descendant.",
    )
  }
  if (before === undefined || equalValues(before, after)) return
  throw new CommandError(
    'ImmutableField',
    `After applying the update, the (immutable) field '_id' was found to have been altered to _id: ${show(after)}`,
  )
}

function isFirst(id: Value, document: Uint8Array): boolean {
  const reader = new ElementReader(document)
  return reader.next() && reader.name === '_id' && sameValue(reader.value, id)
}

function withIdInFront(id: Value, document: Uint8Array): Uint8Array {
  const writer = new BsonWriter(document.length + id.end - id.start + 64)
  writer.value('_id', id)
  const reader = new ElementReader(document)
  while (reader.next()) {
    if (reader.name !== '_id') writer.elements(document, reader.nameStart - 1, reader.valueEnd)
  }
  return writer.finish()
}

/** `document` with its _id, if it has one, as the first field. */
export const idFirst = (document: Uint8Array): Uint8Array => replaceDocument(document, document)
