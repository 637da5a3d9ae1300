/**
 * Keys of documents and of index entries.
 *
 *   space records   key  collection id u32 | KeyString(_id)                          value  the document
 *   space index     key  index id u32 | KeyString(fields)      of a unique index     value  the record's key
 *
 * Records of capped collections are keyed by their place instead (capped.ts), and their _id index has entries.
 *
 * Only unique indexes have entries: they are what keeps the promise; others are declared, and reads scan.
 *
 * A key that would be longer than the engine takes is cut, and a hash of the whole takes the place of the rest: it stays
 * as good as unique, and only its place among keys with the same long beginning is lost.
 */
import { createHash } from 'node:crypto'
import type { Collation } from '../bson/collation.ts'
import { compareValues } from '../bson/compare.ts'
import { encodeIndexKey } from '../bson/key-string.ts'
import type { Value } from '../bson/value.ts'
import { nullValue } from '../bson/encode.ts'
import { mayHoldText } from '../query/plan.ts'
import { nameOf } from '../storage/changes.ts'
import { keyBytesMax, type Range } from '../storage/engine.ts'
import { uint32BE } from './big-endian.ts'
import type { IndexInfo } from './catalog.ts'
import { indexRows } from './index-rows.ts'

const idBytes = 4
const hashBytes = 32
const ascending = [1] as const

/** The key of the document whose _id is `id`. Ids that are equal (1 and 1.0) have the same key. */
export function recordKey(collectionId: number, id: Value): Uint8Array {
  return keyOf(collectionId, [id], ascending)
}

/** The keys of everything that begins with `id`: a collection's records, an index's entries. */
export function rangeOf(id: number): Range {
  return { from: uint32BE(id), to: uint32BE(id + 1) }
}

function keyOf(id: number, values: readonly Value[], directions: readonly (1 | -1)[]): Uint8Array {
  const key = encodeIndexKey(values, directions, id)
  if (key.length <= keyBytesMax) return key
  const cut = Buffer.from(key.subarray(0, keyBytesMax))
  cut.set(createHash('sha256').update(key.subarray(idBytes)).digest(), keyBytesMax - hashBytes)
  return cut
}

/** The key behind `key` and before all others: where a scan goes on. */
export function keyAfter(key: Uint8Array): Uint8Array {
  const next = Buffer.alloc(key.length + 1)
  next.set(key)
  return next
}

export interface IndexEntry {
  readonly key: Uint8Array
  readonly values: readonly Value[]
  /** Whether a collation decides which values are equal: the key, which has their bytes, does not (collated-tree.ts). */
  readonly isCollated: boolean
}

/** The entry that an _id has in an _id index with entries. */
export function idEntry(index: IndexInfo, id: Value): IndexEntry {
  const isCollated = index.collation !== undefined && mayHoldText(id)
  return { key: keyOf(index.id, [id], ascending), values: [id], isCollated }
}

/**
 * The entries that a document has in a unique index; several when a field is an array, none when the index leaves the
 * document out (sparse, partial). `values` of the first missing fields are null, as in the key.
 *
 * @throws CommandError CannotIndexParallelArrays when two fields are arrays side by side.
 */
export function indexEntriesOf(index: IndexInfo, document: Uint8Array): IndexEntry[] {
  if (index.partialFilter !== undefined && !index.partialFilter(document)) return []
  const rows = indexRows(
    document,
    index.fields.map(([path]) => path.split('.')),
  )
  if (index.sparse && !rows.some(row => row.some(value => value !== undefined))) return []
  const directions = index.fields.map(([, direction]) => direction)
  const entries = new Map<string, IndexEntry>()
  for (const row of rows) {
    const values = row.map(value => value ?? nullValue)
    const isCollated = index.collation !== undefined && values.some(mayHoldText)
    if (index.hasTextAlone && !isCollated) continue
    const key = keyOf(index.id, values, directions)
    entries.set(nameOf(key), { key, values, isCollated })
  }
  const found = [...entries.values()]
  return found.length > 1 && index.collation !== undefined ? differing(found, index.collation) : found
}

/** Of entries that are equal under the collation, the one with the least key. */
function differing(entries: readonly IndexEntry[], collation: Collation): IndexEntry[] {
  const compare = (a: IndexEntry, b: IndexEntry): number => {
    for (const [position, value] of a.values.entries()) {
      const order = compareValues(value, b.values[position], collation)
      if (order !== 0) return order
    }
    return 0
  }
  const sorted = [...entries].sort((a, b) => compare(a, b) || Buffer.compare(a.key, b.key))
  return sorted.filter((entry, position) => position === 0 || compare(entry, sorted[position - 1] as IndexEntry) !== 0)
}
