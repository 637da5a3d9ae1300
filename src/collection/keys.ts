/**
 * Keys of documents and of index entries.
 *
 *   space records   key  collection id u32 | KeyString(_id)                          value  the document
 *   space index     key  index id u32 | KeyString(fields)      of a unique index     value  the record's key
 *
 * Only unique indexes have entries: they are what keeps the promise; others are declared, and reads scan.
 *
 * A key that would be longer than the engine takes is cut, and a hash of the whole takes the place of the rest: it stays
 * as good as unique, and only its place among keys with the same long beginning is lost.
 */
import { createHash } from 'node:crypto'
import { CommandError } from '../base/errors.ts'
import { encodeIndexKey } from '../bson/key-string.ts'
import { valuesAtPath } from '../bson/path.ts'
import { BsonType, type Value } from '../bson/value.ts'
import { nullValue } from '../bson/encode.ts'
import { keyBytesMax, type Range } from '../storage/engine.ts'
import { uint32BE } from './big-endian.ts'
import type { IndexInfo } from './catalog.ts'

const hashBytes = 32
const ascending = [1] as const

/** The key of the document whose _id is `id`. Ids that are equal (1 and 1.0) have the same key. */
export function recordKey(collectionId: number, id: Value): Uint8Array {
  return prefixed(collectionId, encodeIndexKey([id], ascending))
}

/** The keys of everything that begins with `id`: a collection's records, an index's entries. */
export function rangeOf(id: number): Range {
  return { from: uint32BE(id), to: uint32BE(id + 1) }
}

function prefixed(id: number, keyString: Uint8Array): Uint8Array {
  const isLong = keyString.length + 4 > keyBytesMax
  const key = Buffer.allocUnsafe(isLong ? keyBytesMax : keyString.length + 4)
  key[0] = id >>> 24
  key[1] = id >>> 16
  key[2] = id >>> 8
  key[3] = id
  if (isLong) {
    key.set(keyString.subarray(0, keyBytesMax - 4 - hashBytes), 4)
    key.set(createHash('sha256').update(keyString).digest(), keyBytesMax - hashBytes)
  } else key.set(keyString, 4)
  return key
}

/** The key behind `key` and before all others: where a scan goes on. */
export function keyAfter(key: Uint8Array): Uint8Array {
  const next = Buffer.alloc(key.length + 1)
  next.set(key)
  return next
}

/**
 * The entries that a document has in a unique index; several when a field is an array, none when the index leaves the
 * document out (sparse, partial). `values` of the first missing fields are null, as in the key.
 *
 * @throws CommandError CannotIndexParallelArrays when two fields are arrays side by side.
 */
export function indexEntriesOf(index: IndexInfo, document: Uint8Array): { key: Uint8Array; values: Value[] }[] {
  if (index.partialFilter !== undefined && !index.partialFilter(document)) return []
  let rows: Value[][] = [[]]
  let isAnyThere = false
  let arrayPath: string | undefined
  for (const [path] of index.fields) {
    const { values: found, throughArray, isEmptyArray } = valuesAtPath(document, path.split('.'))
    const values = isEmptyArray ? [emptyArrayValue] : found
    if (values.some(value => value !== undefined)) isAnyThere = true
    if (throughArray && arrayPath !== undefined && !shareArray(arrayPath, path)) {
      throw new CommandError('CannotIndexParallelArrays', `cannot index parallel arrays [${path}] [${arrayPath}]`)
    }
    if (throughArray) arrayPath = path
    rows = rows.flatMap(row => values.map(value => [...row, value ?? nullValue]))
  }
  if (index.sparse && !isAnyThere) return []
  const directions = index.fields.map(([, direction]) => direction)
  const entries = new Map<string, { key: Uint8Array; values: Value[] }>()
  for (const values of rows) {
    const key = prefixed(index.id, encodeIndexKey(values, directions))
    entries.set(Buffer.from(key).toString('latin1'), { key, values })
  }
  return [...entries.values()]
}

/** Two paths through one and the same array (`a.x`, `a.y`) are not parallel. */
function shareArray(a: string, b: string): boolean {
  return a.split('.')[0] === b.split('.')[0]
}

/** An empty array is indexed as undefined, which nothing else is. */
const emptyArrayValue: Value = { type: BsonType.undefined, bytes: new Uint8Array(0), start: 0, end: 0 }
