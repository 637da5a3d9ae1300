/**
 * Capped collections: documents in the order in which they came, the oldest gone when there are too many.
 *
 *   space records   key  collection id u32 | place u64           value  the document
 *   space index     the _id index has entries, which lead from an _id to the record's key
 *   space meta      key  "capped-" | collection id u32           value  oldest u64 | next u64 | count u64 | bytes u64
 *
 * Places are given out one after another and never twice; a deleted document leaves a gap. `oldest` is a place at or before
 * the first document, `next` the place of the document that will come.
 *
 * What falls out is not in the log: it follows from what is inserted and from the collection's options, so a replay removes
 * the same documents. Source: MongoDB manual, "Capped collections".
 */
import { must } from '../base/assert.ts'
import type { Reader, WriteTransaction } from '../storage/engine.ts'
import { uint32BE } from './big-endian.ts'
import type { CollectionInfo } from './catalog.ts'
import { removeEntries } from './index-entries.ts'

export interface CappedState {
  readonly oldest: bigint
  readonly next: bigint
  /** How many documents there are, and what they weigh. */
  readonly count: bigint
  readonly bytes: bigint
}

const nothingYet: CappedState = { oldest: 0n, next: 0n, count: 0n, bytes: 0n }

const stateKey = (collectionId: number): Uint8Array => Buffer.concat([Buffer.from('capped-'), uint32BE(collectionId)])

export async function readCappedState(reader: Reader, collectionId: number): Promise<CappedState> {
  const stored = await reader.get('meta', stateKey(collectionId))
  if (stored === undefined) return nothingYet
  const bytes = Buffer.from(stored)
  const [oldest, next, count, size] = [0, 8, 16, 24].map(at => bytes.readBigUInt64BE(at)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ]
  return { oldest, next, count, bytes: size }
}

function putState(transaction: WriteTransaction, collectionId: number, state: CappedState): void {
  const bytes = Buffer.alloc(32)
  for (const [index, number] of [state.oldest, state.next, state.count, state.bytes].entries()) {
    bytes.writeBigUInt64BE(number, index * 8)
  }
  transaction.put('meta', stateKey(collectionId), bytes)
}

function placeKey(collectionId: number, place: bigint): Uint8Array {
  const key = Buffer.alloc(12)
  key.writeUInt32BE(collectionId)
  key.writeBigUInt64BE(place, 4)
  return key
}

/** Puts a document behind all others and removes as many of the oldest as are too many now. Gives the record's key. */
export async function appendRecord(
  transaction: WriteTransaction,
  info: CollectionInfo,
  document: Uint8Array,
): Promise<Uint8Array> {
  const { sizeBytes, countMax } = must(info.capped, 'options of a capped collection')
  const state = await readCappedState(transaction, info.id)
  const key = placeKey(info.id, state.next)
  transaction.put('records', key, document)
  let { oldest, count, bytes } = state
  count++
  bytes += BigInt(document.length)
  for (; (bytes > sizeBytes || count > countMax) && oldest < state.next; oldest++) {
    const oldestKey = placeKey(info.id, oldest)
    const removed = await transaction.get('records', oldestKey)
    if (removed === undefined) continue
    await removeEntries(transaction, info, oldestKey, removed)
    transaction.delete('records', oldestKey)
    count--
    bytes -= BigInt(removed.length)
  }
  putState(transaction, info.id, { oldest, next: state.next + 1n, count, bytes })
  return key
}

/** Keeps count: a document was replaced by one of another size, or deleted when there is no `after`. */
export async function recordChanged(
  transaction: WriteTransaction,
  info: CollectionInfo,
  before: Uint8Array,
  after: Uint8Array | undefined,
): Promise<void> {
  const state = await readCappedState(transaction, info.id)
  const bytes = state.bytes - BigInt(before.length) + BigInt(after?.length ?? 0)
  putState(transaction, info.id, { ...state, count: after === undefined ? state.count - 1n : state.count, bytes })
}

/** The collection is gone. */
export function forgetCapped(transaction: WriteTransaction, collectionId: number): void {
  transaction.delete('meta', stateKey(collectionId))
}
