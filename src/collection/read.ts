/**
 * Reads documents: by their _id where the filter pins it, else by a scan in storage order (the order of _id, or that in which
 * they came into a capped collection).
 *
 * A scan holds no snapshot while its reader does something else: it reads a piece, lets the snapshot go, remembers the last
 * key, and seeks again. So a long read sees each document as it was when it came by, and delays nobody.
 */
import { scanBatchBytesMax, scanBatchBytesScarce } from '../base/limits.ts'
import type { Pace } from '../base/pace.ts'
import { sameBytes } from '../bson/bytes.ts'
import { equalValues } from '../bson/compare.ts'
import type { Collation } from '../bson/collation.ts'
import { BsonType, documentValue, type Value } from '../bson/value.ts'
import { compileMatch, type Match, type MatchOptions } from '../query/match.ts'
import { ElementReader, isEmpty } from '../bson/reader.ts'
import { idsOf } from '../query/plan.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { Reader } from '../storage/engine.ts'
import type { CollectionInfo } from './catalog.ts'
import { idOf } from './document-id.ts'
import { keyOfId } from './index-entries.ts'
import { keyAfter, rangeOf, recordKey } from './keys.ts'
import type { Namespace } from './namespace.ts'
import { withSnapshot, type Store } from './store.ts'
import { findSystemNamespace, readSystemNamespace } from './system-reads.ts'

/** A filter, ready to find documents with. */
export interface Selection {
  readonly filter: Value
  readonly match: Match
  /** The only _ids that can match; undefined when any can. */
  readonly ids: readonly Value[] | undefined
}

/** A document and the key it lies under. */
export interface Located {
  readonly key: Uint8Array
  readonly document: Uint8Array
}

const matchesAll: Match = () => true

export function compileSelection(
  filter: Value,
  options: MatchOptions & { collation?: Collation | undefined },
): Selection {
  if (isEmpty(filter)) return { filter, match: matchesAll, ids: undefined }
  const ids = idsOf(filter, options.collation)
  return (ids && selectById(filter)) ?? { filter, match: compileMatch(filter, options), ids }
}

/**
 * The commonest filter, of which nothing has to be compiled: `{ _id: value }` with a value that can only be meant itself, so that the
 * record's key decides. Undefined for any other. No collation may have a say.
 */
export function selectById(filter: Value): Selection | undefined {
  const elements = ElementReader.of(filter)
  if (!elements.next() || !keyDecides.has(elements.type) || elements.name !== '_id') return undefined
  const id = elements.value
  return elements.next() ? undefined : { filter, match: matchesAll, ids: [id] }
}

/** Types whose equal values, and only those, have equal keys. */
const keyDecides: ReadonlySet<number> = new Set([
  BsonType.objectId,
  BsonType.string,
  BsonType.int32,
  BsonType.int64,
  BsonType.double,
  BsonType.date,
])

/** The documents of `info` with these _ids that match, in the order of their keys. */
export function readByIds(
  reader: Reader,
  info: CollectionInfo,
  ids: readonly Value[],
  match: Match,
): MaybePromise<Located[]> {
  const readAll = (keys: readonly Uint8Array[]) => {
    const documents = reader.getMany('records', keys)
    return documents instanceof Promise
      ? documents.then(read => matching(keys, read, match))
      : matching(keys, documents, match)
  }
  return info.capped === undefined ? readAll(distinctKeys(info, ids)) : placesOf(reader, info, ids).then(readAll)
}

/** Of the documents under these keys, undefined where there is none, those that match. */
function matching(
  keys: readonly Uint8Array[],
  documents: readonly (Uint8Array | undefined)[],
  match: Match,
): Located[] {
  const found: Located[] = []
  for (let index = 0; index < keys.length; index++) {
    const document = documents[index]
    if (document !== undefined && match(document)) found.push({ key: keys[index] as Uint8Array, document })
  }
  return found
}

/** An `$in` may name an _id twice, or as 1 and 1.0: the document is still one. Sorted as a scan would meet them. */
function distinctKeys(info: CollectionInfo, ids: readonly Value[]): Uint8Array[] {
  if (ids.length === 1) return [recordKey(info.id, ids[0] as Value)]
  const keys = ids.map(id => recordKey(info.id, id)).sort(Buffer.compare)
  return keys.filter((key, index) => index === 0 || Buffer.compare(key, keys[index - 1] as Uint8Array) !== 0)
}

/** The same where keys do not follow from _ids: in the order in which the documents came. */
async function placesOf(reader: Reader, info: CollectionInfo, ids: readonly Value[]): Promise<Uint8Array[]> {
  const keys: Uint8Array[] = []
  for (const id of ids) {
    const key = await keyOfId(reader, info, id)
    if (key === undefined) continue
    const document = info.collation && (await reader.get('records', key))
    if (document === undefined || equalValues(idOf(document), id)) keys.push(key)
  }
  return keys.sort(Buffer.compare).filter((key, index) => index === 0 || !sameBytes(key, keys[index - 1] as Uint8Array))
}

/** Of documents that lie nowhere: those of a view of the log. */
const noKey = new Uint8Array(0)

export interface ScanOptions {
  readonly pace: Pace
  readonly reverse?: boolean
}

/**
 * The documents of a collection that the selection matches; none when the collection is not there. Each piece is read from a
 * new snapshot; a collection that is dropped (or dropped and created anew) in between has no more documents. A namespace that is
 * a view of the log is read from there.
 */
export async function* readDocuments(
  store: Store,
  namespace: Namespace,
  selection: Selection,
  { pace, reverse = false }: ScanOptions,
): AsyncGenerator<Located> {
  const system = findSystemNamespace(namespace)
  if (system !== undefined) {
    for await (const document of readSystemNamespace(store, system, selection, { pace, reverse })) {
      yield { key: noKey, document }
    }
    return
  }
  const { ids, match } = selection
  if (ids !== undefined) {
    const found = await withSnapshot(store, async snapshot => {
      const info = await store.catalog.find(snapshot, namespace)
      return info === undefined ? [] : readByIds(snapshot, info, ids, match)
    })
    yield* reverse ? found.reverse() : found
    return
  }
  let id: number | undefined
  let range: { from: Uint8Array; to: Uint8Array } | undefined
  // Pieces begin small, since most readers want little, and grow for those that go on.
  for (let countMax = 32; ; countMax = Math.min(countMax * 4, 8192)) {
    const bytesMax = store.memory.isScarce ? scanBatchBytesScarce : scanBatchBytesMax
    const piece = await withSnapshot(store, async snapshot => {
      const info = await store.catalog.find(snapshot, namespace)
      if (info === undefined || (id !== undefined && id !== info.id)) return []
      id = info.id
      range ??= rangeOf(info.id)
      return snapshot.scan('records', { ...range, reverse }, { countMax, bytesMax })
    })
    const bytes = piece.reduce((sum, { value }) => sum + value.length, 0)
    store.memory.hold(bytes)
    try {
      for (const { key, value } of piece) {
        const pause = pace.step()
        if (pause !== undefined) await pause
        if (match(value)) yield { key, document: value }
      }
    } finally {
      store.memory.give(bytes)
    }
    const last = piece.at(-1)
    if (last === undefined || range === undefined) return
    range = reverse ? { ...range, to: last.key } : { ...range, from: keyAfter(last.key) }
  }
}

/** How many documents match. Counts all of a collection without looking into them. */
export async function countDocuments(
  store: Store,
  namespace: Namespace,
  selection: Selection,
  options: ScanOptions & { readonly countMax: number },
): Promise<number> {
  let count = 0
  const documents = readDocuments(store, namespace, selection, options)
  while (count < options.countMax && (await documents.next()).done !== true) count++
  await documents.return(undefined)
  return count
}

/** A selection that matches all documents. */
export const everything: Selection = {
  filter: documentValue(Uint8Array.of(5, 0, 0, 0, 0)),
  match: matchesAll,
  ids: undefined,
}
