/**
 * Merges documents into a collection: each is looked for by a unique index, and what is found is updated, or what is not found
 * inserted, by the ordinary write path.
 */
import { CommandError } from '../base/errors.ts'
import type { Collation } from '../bson/collation.ts'
import { isSameCollation } from '../bson/collation.ts'
import { getField } from '../bson/reader.ts'
import { BsonType, documentBytes, isArray, isDocument, type Value } from '../bson/value.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import type { Update } from '../update/update.ts'
import type { CollectionInfo, IndexInfo } from './catalog.ts'
import { duplicateKey } from './constraints.ts'
import { ensureCollection } from './create.ts'
import { idOf, prepareDocument } from './document-id.ts'
import { holdersOf } from './index-entries.ts'
import { indexEntriesOf, recordKey } from './keys.ts'
import { insertMissing, updateLocated, type DocumentWrite } from './modify.ts'
import type { Namespace } from './namespace.ts'
import type { Located } from './read.ts'
import { withSnapshot, type Store } from './store.ts'
import { requireNoView } from './views.ts'

/** What a merge does with each document. */
export interface Merge {
  readonly target: Namespace
  /** By which fields a document is looked for; a unique index has just these. */
  readonly on: readonly string[]
  /** With what the fields compare, which is also the index's; undefined for their bytes. */
  readonly collation: Collation | undefined
  /** What becomes of the document that was found; the words mean that it stays, and that the merge fails. */
  readonly whenMatched: 'keepExisting' | 'fail' | ((document: Uint8Array) => Update)
  readonly whenNotMatched: 'insert' | 'discard' | 'fail'
  readonly bypassesValidation: boolean
}

/**
 * Refuses a merge that has no unique index to look for documents by. What is not there yet has one of _id.
 *
 * @throws CommandError Location51183, CommandNotSupportedOnView.
 */
export async function requireMergeable(store: Store, merge: Merge): Promise<void> {
  await withSnapshot(store, async snapshot => {
    const info = await store.catalog.find(snapshot, merge.target)
    if (info !== undefined) return void requireIndexOn(info, merge)
    await requireNoView(snapshot, store.catalog, merge.target)
    if (!isById(merge)) throw noIndex()
  })
}

/**
 * Merges documents, in their order, in one commit. Those before one that is refused are written.
 *
 * @throws CommandError MergeStageNoMatchingDocument, DuplicateKey, and what updates and inserts refuse.
 */
export async function mergeDocuments(store: Store, merge: Merge, documents: readonly Uint8Array[]): Promise<void> {
  const { result: refusal } = await store.engine.write(async transaction => {
    for (const document of documents) {
      try {
        await mergeDocument(transaction, store, merge, document)
      } catch (error) {
        if (error instanceof CommandError) return error
        throw error
      }
    }
    return undefined
  })
  if (refusal !== undefined) throw refusal
}

async function mergeDocument(
  transaction: WriteTransaction,
  store: Store,
  merge: Merge,
  given: Uint8Array,
): Promise<void> {
  const { target, whenMatched, whenNotMatched } = merge
  const document = merge.on.includes('_id') ? prepareDocument(given, store.env, undefined).document : given
  for (const path of merge.on) requireJoinValue(document, path)
  const write: DocumentWrite = {
    bypassesValidation: merge.bypassesValidation,
    retryable: undefined,
    stmtId: 0,
    keepsValue: undefined,
  }
  const info = await store.catalog.find(transaction, target)
  const match = info && (await findMatch(transaction, info, requireIndexOn(info, merge), document))
  if (info !== undefined && match !== undefined) {
    if (whenMatched === 'keepExisting') return
    if (whenMatched === 'fail') throw duplicateKey(info, match.index, match.values)
    const update = whenMatched(document)
    await updateLocated(transaction, store, { ...write, update, matchedIndex: () => undefined }, info, match.located)
    return
  }
  switch (whenNotMatched) {
    case 'discard':
      return
    case 'fail':
      throw new CommandError(
        'MergeStageNoMatchingDocument',
        '$merge could not find a matching document in the target collection for at least one document in the source collection',
      )
    default: {
      if (info === undefined && !isById(merge)) throw noIndex()
      const into = await ensureCollection(transaction, store, target)
      await insertMissing(transaction, store, write, into, document)
    }
  }
}

/** @throws CommandError Location51132, Location51185. */
function requireJoinValue(document: Uint8Array, path: string): void {
  let value: Value | undefined
  let within: Uint8Array | undefined = document
  for (const name of path.split('.')) {
    value = within && getField(within, name)
    within = value !== undefined && isDocument(value) ? documentBytes(value) : undefined
  }
  if (value !== undefined && isArray(value)) {
    throw new CommandError('Location51185', "$merge write error: 'on' field cannot be an array")
  }
  if (value === undefined || value.type === BsonType.null || value.type === BsonType.undefined) {
    throw new CommandError('Location51132', "$merge write error: 'on' field cannot be missing, null or undefined")
  }
}

interface Match {
  readonly index: IndexInfo
  readonly values: readonly Value[]
  readonly located: Located
}

async function findMatch(
  transaction: WriteTransaction,
  info: CollectionInfo,
  index: IndexInfo,
  document: Uint8Array,
): Promise<Match | undefined> {
  const [entry] = index.hasEntries ? indexEntriesOf(index, document) : []
  // Where the _id index has no entry, the record's key is all that it promises.
  const key = entry === undefined ? recordKey(info.id, idOf(document)) : (await holdersOf(transaction, index, entry))[0]
  const found = key && (await transaction.get('records', key))
  if (key === undefined || found === undefined) return undefined
  return { index, values: entry?.values ?? [idOf(document)], located: { key, document: found } }
}

function requireIndexOn({ indexes }: CollectionInfo, { on, collation }: Merge): IndexInfo {
  const [idIndex] = indexes
  const found = indexes.find(
    index =>
      (index === idIndex || (index.unique && !index.building)) &&
      index.partialFilter === undefined &&
      index.fields.length === on.length &&
      index.fields.every(([path]) => on.includes(path)) &&
      isSameCollation(index.collation?.spec, collation?.spec),
  )
  if (found === undefined) throw noIndex()
  return found
}

const isById = ({ on }: Merge): boolean => on.length === 1 && on[0] === '_id'

const noIndex = (): CommandError =>
  new CommandError('Location51183', 'Cannot find index to verify that join fields will be unique')
