/**
 * The entries of the indexes that have some: they come, move and go with their documents.
 *
 *   value   the key of the one record that has these values                 of a unique index
 *           (where a collation decides, it lies in a tree: collated-tree.ts)
 *           FF | (length u16 | key)*, in the order of the keys              of one that is being prepared, where several have them
 */
import { must } from '../base/assert.ts'
import { sameBytes } from '../bson/bytes.ts'
import type { Value } from '../bson/value.ts'
import { nameOf } from '../storage/changes.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { KeyValue, Reader, WriteTransaction } from '../storage/engine.ts'
import type { CollectionInfo, IndexInfo } from './catalog.ts'
import { deleteFromTree, findInTree, holderInNode, isRootKey, putIntoTree } from './collated-tree.ts'
import { idEntry, indexEntriesOf, recordKey, type IndexEntry } from './keys.ts'

/** Gives `document`, stored under `key`, its entries. */
export function putEntries(
  transaction: WriteTransaction,
  info: CollectionInfo,
  key: Uint8Array,
  document: Uint8Array,
): MaybePromise<void> {
  if (hasNoEntries(info)) return
  return change(transaction, info, key, { before: undefined, after: document })
}

/** Takes the entries of `document`, stored under `key`, away. */
export function removeEntries(
  transaction: WriteTransaction,
  info: CollectionInfo,
  key: Uint8Array,
  document: Uint8Array,
): MaybePromise<void> {
  if (hasNoEntries(info)) return
  return change(transaction, info, key, { before: document, after: undefined })
}

/** Makes the entries of `before` those of `after`, both stored under `key`. */
export function moveEntries(
  transaction: WriteTransaction,
  info: CollectionInfo,
  key: Uint8Array,
  versions: { readonly before: Uint8Array; readonly after: Uint8Array },
): MaybePromise<void> {
  if (hasNoEntries(info)) return
  return change(transaction, info, key, versions)
}

export const hasNoEntries = ({ indexes }: CollectionInfo): boolean => !indexes.some(({ hasEntries }) => hasEntries)

async function change(
  transaction: WriteTransaction,
  info: CollectionInfo,
  key: Uint8Array,
  { before, after }: { readonly before: Uint8Array | undefined; readonly after: Uint8Array | undefined },
): Promise<void> {
  for (const index of info.indexes) {
    if (!index.hasEntries) continue
    const wanted = after === undefined ? [] : indexEntriesOf(index, after)
    const kept = new Set(before === undefined ? [] : wanted.map(textOf))
    for (const entry of before === undefined ? [] : indexEntriesOf(index, before)) {
      if (!kept.has(textOf(entry))) await removeHolder(transaction, index, entry, key)
    }
    for (const entry of wanted) await addHolder(transaction, index, entry, key)
  }
}

const textOf = ({ key }: IndexEntry): string => nameOf(key)

/** The keys of the records that have the entry's values; none when nobody does, several only while an index is prepared. */
export async function holdersOf(reader: Reader, index: IndexInfo, entry: IndexEntry): Promise<readonly Uint8Array[]> {
  const value = entry.isCollated ? await findInTree(reader, index, entry) : await reader.get('index', entry.key)
  return value === undefined ? [] : decodeHolders(value)
}

/** Makes the record under `key` the holder of the entry's values, or one of them. */
export async function addHolder(
  transaction: WriteTransaction,
  index: IndexInfo,
  entry: IndexEntry,
  key: Uint8Array,
): Promise<void> {
  if (entry.isCollated) return putIntoTree(transaction, index, entry, key)
  if (!index.preparesUnique) return transaction.put('index', entry.key, key)
  const others = (await holdersOf(transaction, index, entry)).filter(holder => !sameBytes(holder, key))
  transaction.put('index', entry.key, encodeHolders([...others, key].sort(Buffer.compare)))
}

async function removeHolder(
  transaction: WriteTransaction,
  index: IndexInfo,
  entry: IndexEntry,
  key: Uint8Array,
): Promise<void> {
  if (entry.isCollated) return deleteFromTree(transaction, index, entry)
  const others = index.preparesUnique
    ? (await holdersOf(transaction, index, entry)).filter(holder => !sameBytes(holder, key))
    : []
  if (others.length === 0) transaction.delete('index', entry.key)
  else transaction.put('index', entry.key, encodeHolders(others))
}

// No record's key begins with it: that would be a collection with an id of four thousand millions.
const severalByte = 0xff

function encodeHolders(keys: readonly Uint8Array[]): Uint8Array {
  const [only] = keys
  if (only !== undefined && keys.length === 1) return only
  const parts = keys.flatMap(key => [Uint8Array.of(key.length >>> 8, key.length), key])
  return Buffer.concat([Uint8Array.of(severalByte), ...parts])
}

/** The keys of the records that something in an index leads to, however it lies there; none for what is no entry. */
export function holdersIn({ key, value }: KeyValue): readonly Uint8Array[] {
  if (isRootKey(key)) return []
  const inNode = holderInNode(value)
  return inNode === undefined ? decodeHolders(value) : [inNode]
}

function decodeHolders(value: Uint8Array): readonly Uint8Array[] {
  if (value[0] !== severalByte) return [value]
  const keys: Uint8Array[] = []
  for (let at = 1; at < value.length;) {
    const length = ((value[at] as number) << 8) | (value[at + 1] as number)
    keys.push(value.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return keys
}

/**
 * The key of the record with that _id; undefined when a capped collection has none. In others it follows from the _id, and
 * nothing is asked. Where a collation decides, the _id of a capped collection's record is one that is equal under it.
 */
export function keyOfId(reader: Reader, info: CollectionInfo, id: Value): MaybePromise<Uint8Array | undefined> {
  if (info.capped === undefined) return recordKey(info.id, id)
  const index = must(info.indexes[0], '_id index')
  return holdersOf(reader, index, idEntry(index, id)).then(([holder]) => holder)
}
