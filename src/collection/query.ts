/** A whole query: selection, sort, skip, limit, projection, as something a cursor can iterate. */
import { CommandError } from '../base/errors.ts'
import { blockingStageBytesMax } from '../base/limits.ts'
import type { MemoryPool } from '../base/memory-pool.ts'
import type { Pace } from '../base/pace.ts'
import type { Sort, SortKey } from '../query/sort.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { CollectionInfo } from './catalog.ts'
import type { Namespace } from './namespace.ts'
import { type Located, readByIds, readDocuments, type Selection } from './read.ts'
import { withSnapshot, type Store } from './store.ts'
import { findSystemNamespace } from './system-reads.ts'

export interface Query {
  readonly selection: Selection
  /** Undefined for storage order. */
  readonly sort: Sort | undefined
  readonly skip: number
  /** Infinity for none. */
  readonly limit: number
  readonly project: (document: Uint8Array) => Uint8Array
}

/**
 * The documents themselves where the filter pins few of them by _id, which is the commonest query and needs no iteration;
 * undefined for all other queries, and where there is no such collection.
 */
export function findPinned(
  store: Store,
  namespace: Namespace,
  query: Query,
): MaybePromise<readonly Uint8Array[] | undefined> {
  const { selection } = query
  const { ids } = selection
  if (ids === undefined || ids.length > pinnedCountMax || findSystemNamespace(namespace)) return undefined
  const found = withSnapshot(store, snapshot => {
    const read = (info: CollectionInfo | undefined) => info && readByIds(snapshot, info, ids, selection.match)
    const info = store.catalog.find(snapshot, namespace)
    return info instanceof Promise ? info.then(read) : read(info)
  })
  return found instanceof Promise ? found.then(located => arranged(located, query)) : arranged(found, query)
}

function arranged(
  found: readonly Located[] | undefined,
  { sort, skip, limit, project }: Query,
): readonly Uint8Array[] | undefined {
  if (found === undefined) return undefined
  const documents = found.map(({ document }) => document)
  const sorted = sort === undefined || documents.length < 2 ? documents : sortAll(documents, sort)
  return (skip > 0 || limit < sorted.length ? sorted.slice(skip, skip + limit) : sorted).map(project)
}

/** More _ids than this are iterated over, a batch at a time. */
const pinnedCountMax = 100

function sortAll(documents: readonly Uint8Array[], sort: Sort): Uint8Array[] {
  if (sort.natural !== undefined) return sort.natural === 1 ? [...documents] : documents.toReversed()
  return documents
    .map(document => ({ document, key: sort.keyOf(document) }))
    .sort((a, b) => sort.compare(a.key, b.key))
    .map(({ document }) => document)
}

/** The documents of any query, in order. A sort holds them all, or the first `skip + limit` of them, in memory. */
export async function* runQuery(
  store: Store,
  namespace: Namespace,
  query: Query,
  pace: Pace,
): AsyncGenerator<Uint8Array> {
  const { selection, sort, skip, limit, project } = query
  const documents = readDocuments(store, namespace, selection, { pace, reverse: sort?.natural === -1 })
  const ordered =
    sort === undefined || sort.natural !== undefined
      ? documentsOf(documents)
      : sortDocuments(documentsOf(documents), { sort, countMax: skip + limit, pace, memory: store.memory })
  let seen = 0
  for await (const document of ordered) {
    if (seen++ < skip) continue
    yield project(document)
    if (seen >= skip + limit) return
  }
}

async function* documentsOf(located: AsyncIterable<{ readonly document: Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const { document } of located) yield document
}

/**
 * The first `countMax` documents in the order of `sort`; equal ones in the order in which they came.
 *
 * @throws CommandError QueryExceededMemoryLimitNoDiskUseAllowed past `blockingStageBytesMax`.
 */
async function* sortDocuments(
  documents: AsyncIterable<Uint8Array>,
  { sort, countMax, pace, memory }: SortOptions,
): AsyncGenerator<Uint8Array> {
  let held: { readonly document: Uint8Array; readonly key: SortKey }[] = []
  let bytes = 0
  const inOrder = () => held.sort((a, b) => sort.compare(a.key, b.key))
  const hold = (more: number) => {
    if (more > 0) memory.take('Sort', more)
    else memory.give(-more)
    bytes += more
  }
  try {
    for await (const document of documents) {
      held.push({ document, key: sort.keyOf(document) })
      hold(document.length + rowBytesOverhead)
      // Sorting whenever twice as many are held as are wanted costs the same as a heap and needs no heap.
      if (held.length > 2 * countMax + 1000) {
        held = inOrder().slice(0, countMax)
        hold(held.reduce((sum, row) => sum + row.document.length + rowBytesOverhead, 0) - bytes)
      }
      if (bytes > blockingStageBytesMax) {
        throw new CommandError(
          'QueryExceededMemoryLimitNoDiskUseAllowed',
          `Sort exceeded memory limit of ${blockingStageBytesMax} bytes, and external sorting is not supported`,
        )
      }
      const pause = pace.step()
      if (pause !== undefined) await pause
    }
    for (const { document } of inOrder().slice(0, countMax)) yield document
  } finally {
    memory.give(bytes)
  }
}

interface SortOptions {
  readonly sort: Sort
  readonly countMax: number
  readonly pace: Pace
  readonly memory: MemoryPool
}

/** About what a row takes beside its document: itself, its key and the values in the key. */
const rowBytesOverhead = 200
