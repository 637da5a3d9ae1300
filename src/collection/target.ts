/**
 * Finds what a statement changes, and changes it.
 *
 * Where the filter pins the _id, finding and changing are one transaction. Else a scan of what is durable proposes
 * documents, and the transaction looks at each again before it changes it: it may have changed, or gone, meanwhile.
 */
import { CommandError } from '../base/errors.ts'
import { contentionRetriesMax, transactionBytesMax } from '../base/limits.ts'
import type { Pace } from '../base/pace.ts'
import type { Sort } from '../query/sort.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import { readUint32BE } from './big-endian.ts'
import type { CollectionInfo } from './catalog.ts'
import { showNamespace, type Namespace } from './namespace.ts'
import { readByIds, readDocuments, type Located, type Selection } from './read.ts'
import { withSnapshot, type Store } from './store.ts'
import { requireNoView } from './views.ts'

export interface Target {
  readonly namespace: Namespace
  readonly selection: Selection
  /** Which of several matching documents is the first; undefined for storage order. */
  readonly sort: Sort | undefined
  readonly pace: Pace
}

/** What is done inside the transaction. Neither has effects of its own, since it may run again. */
export interface Body<T> {
  /** A document that matches, as it is now. */
  change(transaction: WriteTransaction, info: CollectionInfo, located: Located): Promise<T>
  /** No document matches. */
  conclude(transaction: WriteTransaction): Promise<T>
  /** Asked first: an answer from an earlier try ends the statement. */
  answerEarlier(transaction: WriteTransaction): Promise<T | undefined>
  /** Whether `conclude` can do more than say that nothing was there, so that a transaction is worth its while. */
  readonly concludes: boolean
}

/** Changes the first document that matches, or concludes. */
export async function changeFirst<T>(store: Store, target: Target, body: Body<T>): Promise<T | undefined> {
  const { ids } = target.selection
  if (ids !== undefined) {
    const { result } = await store.engine.write(transaction =>
      changePinned(transaction, store, { ...target, selection: { ...target.selection, ids } }, body),
    )
    return result
  }
  for (let attempt = 0; attempt < contentionRetriesMax; attempt++) {
    const candidate = await firstCandidate(store, target)
    if (candidate === undefined) await requireCollectionOrNothing(store, target.namespace)
    if (candidate === undefined && !body.concludes) return undefined
    const { result } = await store.engine.write(async transaction => {
      const earlier = await body.answerEarlier(transaction)
      if (earlier !== undefined) return { outcome: earlier }
      if (candidate === undefined) return { outcome: await body.conclude(transaction) }
      const current = await lookAgain(transaction, store, target, candidate.key)
      return current && { outcome: await body.change(transaction, current.info, current.located) }
    })
    if (result !== undefined) return result.outcome
  }
  throw new CommandError(
    'WriteConflict',
    `${contentionRetriesMax} times another write changed the document first, in ${showNamespace(target.namespace)}`,
  )
}

async function changePinned<T>(
  transaction: WriteTransaction,
  store: Store,
  { namespace, selection, sort }: Target & { selection: { ids: NonNullable<Selection['ids']> } },
  body: Body<T>,
): Promise<T> {
  const earlier = await body.answerEarlier(transaction)
  if (earlier !== undefined) return earlier
  const info = await store.catalog.find(transaction, namespace)
  if (info === undefined) await requireNoView(transaction, store.catalog, namespace)
  const found = info === undefined ? [] : await readByIds(transaction, info, selection.ids, selection.match)
  const first = sort === undefined ? found[0] : sorted(found, sort)[0]
  if (info === undefined || first === undefined) return body.conclude(transaction)
  return body.change(transaction, info, first)
}

/** Changes every document that matches, in a few transactions when they are many. The results of `change`, in order. */
export async function changeAll<T>(store: Store, target: Target, change: Body<T>['change']): Promise<T[]> {
  const results: T[] = []
  let keys: Uint8Array[] = []
  let bytes = 0
  const flush = async () => {
    const batch = keys
    keys = []
    bytes = 0
    if (batch.length === 0) return
    const { result } = await store.engine.write(async transaction => {
      const changed: T[] = []
      for (const key of batch) {
        const current = await lookAgain(transaction, store, target, key)
        if (current !== undefined) changed.push(await change(transaction, current.info, current.located))
      }
      return changed
    })
    results.push(...result)
  }
  for await (const { key, document } of readDocuments(store, target.namespace, target.selection, target)) {
    keys.push(key)
    bytes += document.length
    if (keys.length >= batchCountMax || bytes >= transactionBytesMax / 4) await flush()
  }
  if (keys.length === 0 && results.length === 0) await requireCollectionOrNothing(store, target.namespace)
  await flush()
  return results
}

/** Only asked when no document was found, as none is under the name of a view. */
async function requireCollectionOrNothing(store: Store, namespace: Namespace): Promise<void> {
  await withSnapshot(store, snapshot => requireNoView(snapshot, store.catalog, namespace))
}

/** One transaction changes no more documents than this, so that other writers get their turn. */
const batchCountMax = 1000

async function firstCandidate(store: Store, target: Target): Promise<Located | undefined> {
  const { sort } = target
  const reverse = sort?.natural === -1
  const documents = readDocuments(store, target.namespace, target.selection, { pace: target.pace, reverse })
  if (sort === undefined || sort.natural !== undefined) {
    const first = await documents.next()
    await documents.return(undefined)
    return first.done === true ? undefined : first.value
  }
  let best: { located: Located; sortKey: ReturnType<Sort['keyOf']> } | undefined
  for await (const located of documents) {
    const sortKey = sort.keyOf(located.document)
    if (best === undefined || sort.compare(sortKey, best.sortKey) < 0) best = { located, sortKey }
  }
  return best?.located
}

function sorted(found: readonly Located[], sort: Sort): readonly Located[] {
  if (sort.natural !== undefined) return sort.natural === 1 ? found : found.toReversed()
  return found
    .map(located => ({ located, sortKey: sort.keyOf(located.document) }))
    .sort((a, b) => sort.compare(a.sortKey, b.sortKey))
    .map(({ located }) => located)
}

/** The document under `key` as the transaction sees it; undefined when it is gone or matches no more. */
async function lookAgain(
  transaction: WriteTransaction,
  store: Store,
  { namespace, selection }: Target,
  key: Uint8Array,
): Promise<{ info: CollectionInfo; located: Located } | undefined> {
  const info = await store.catalog.find(transaction, namespace)
  const document = info && (await transaction.get('records', key))
  // A key of a collection that was dropped meanwhile still leads to its record until that is swept away.
  if (info === undefined || document === undefined || readUint32BE(key) !== info.id) return undefined
  return selection.match(document) ? { info, located: { key, document } } : undefined
}
