/**
 * Makes an index unique that was not, as MongoDB does it, in two commands.
 *
 *   prepareUnique: true    every key gets entries, as for a unique index (indexes.ts), but those that several documents have
 *                          stay; from then on a write that would add to them is refused
 *   unique: true           done, if no key has several documents any more; else they are named
 */
import { CommandError } from '../base/errors.ts'
import { scanBatchBytesMax, violationBytesMax } from '../base/limits.ts'
import type { Pace } from '../base/pace.ts'
import { encodeDocument, type Encodable } from '../bson/encode.ts'
import { elementsOf } from '../bson/reader.ts'
import { documentValue } from '../bson/value.ts'
import type { Snapshot, WriteTransaction } from '../storage/engine.ts'
import { newId } from './apply-command.ts'
import { describeIndex, putInfo, type CollectionInfo, type IndexInfo } from './catalog.ts'
import { modifyInTransaction, namespaceNotFound, requireCollection, requireIndex, type Modification } from './ddl.ts'
import { idOf } from './document-id.ts'
import { holdersIn } from './index-entries.ts'
import { buildIndexes } from './indexes.ts'
import { keyAfter, rangeOf } from './keys.ts'
import type { Namespace } from './namespace.ts'
import { withSnapshot, type Store } from './store.ts'

type IndexModification = Modification & { readonly index: NonNullable<Modification['index']> }

/** Runs a modification whose index is to be prepared. Gives the index's options of before. */
export async function prepareUnique(
  store: Store,
  namespace: Namespace,
  modification: IndexModification,
  pace: Pace,
): Promise<Awaited<ReturnType<typeof modifyInTransaction>>> {
  const commit = (transaction: WriteTransaction) => modifyInTransaction(transaction, store, namespace, modification)
  const { result: building } = await store.engine.write(async transaction => {
    const info = await requireCollection(transaction, store, namespace)
    const found = requireIndex(info, modification.index)
    if (found === info.indexes[0]) throw new CommandError('InvalidOptions', 'the _id index is unique already')
    return found.hasEntries ? undefined : beginEntries(transaction, info, found)
  })
  if (building === undefined) return (await store.engine.write(commit)).result
  return buildIndexes(store, namespace, { indexes: [building], pace, commit })
}

/** Beside the index stands one of the same name, not shown, which takes the entries until the modification is committed. */
async function beginEntries(transaction: WriteTransaction, info: CollectionInfo, index: IndexInfo): Promise<IndexInfo> {
  if (index.collation !== undefined) {
    throw new CommandError('NotImplemented', "'prepareUnique' of an index with a collation is not supported yet")
  }
  if (info.indexes.some(({ name, building }) => building && name === index.name)) {
    throw new CommandError('OperationFailed', `index ${index.name} is being prepared already`)
  }
  const spec = encodeDocument({ ...Object.fromEntries(elementsOf(documentValue(index.spec))), prepareUnique: true })
  const building: IndexInfo = { ...describeIndex(spec), id: await newId(transaction), building: true }
  putInfo(transaction, info.namespace, { ...info, indexes: [...info.indexes, building] })
  return building
}

/**
 * Refuses to make an index unique that is not, or that holds keys of several documents.
 *
 * @throws CommandError InvalidOptions, CannotConvertIndexToUnique with the `violations`.
 */
export async function requireConvertible(
  store: Store,
  namespace: Namespace,
  { index }: IndexModification,
  pace: Pace,
): Promise<void> {
  const find = async (snapshot: Snapshot) => {
    const info = await store.catalog.find(snapshot, namespace)
    if (info === undefined) throw namespaceNotFound(namespace)
    return requireIndex(info, index)
  }
  const { id } = await withSnapshot(store, async snapshot => requirePrepared(await find(snapshot)))
  const violations: Encodable[] = []
  let bytes = 0
  for (let range = rangeOf(id); bytes < violationBytesMax;) {
    const entries = await withSnapshot(store, async snapshot => {
      const found = await snapshot.scan('index', range, { countMax: 1000, bytesMax: scanBatchBytesMax })
      for (const entry of found) {
        const holders = holdersIn(entry)
        if (holders.length < 2) continue
        const documents = await snapshot.getMany('records', holders)
        const ids = documents.flatMap(document => (document === undefined ? [] : [idOf(document)]))
        violations.push({ ids })
        bytes += ids.reduce((sum, held) => sum + held.end - held.start, 0)
      }
      return found
    })
    for (const { key } of entries) {
      range = { ...range, from: keyAfter(key) }
      const pause = pace.step()
      if (pause !== undefined) await pause
    }
    if (entries.length === 0) break
  }
  if (violations.length === 0) return
  throw new CommandError(
    'CannotConvertIndexToUnique',
    'Cannot convert the index to unique. Please resolve conflicting documents before running collMod again.',
    { details: { violations } },
  )
}

/** Makes a prepared index unique (`requireConvertible`): while it was prepared all along, nothing can have come in between. */
export async function convertToUnique(
  store: Store,
  namespace: Namespace,
  modification: IndexModification,
): Promise<Awaited<ReturnType<typeof modifyInTransaction>>> {
  const { result } = await store.engine.write(async transaction => {
    const info = await requireCollection(transaction, store, namespace)
    requirePrepared(requireIndex(info, modification.index))
    return modifyInTransaction(transaction, store, namespace, modification)
  })
  return result
}

function requirePrepared(index: IndexInfo): IndexInfo {
  if (index.preparesUnique || index.unique) return index
  throw new CommandError(
    'InvalidOptions',
    "Cannot make index unique with 'prepareUnique=false'. Run collMod to set it first.",
  )
}
