/**
 * What oplog entries do to the state. The one place where documents, index entries, the catalog and retry records are
 * changed: live writes commit their entries through here, and applying a log again gives the same state.
 *
 * Law: applying the entries after position P to the state at P gives the state that the live writes produced.
 */
import { must } from '../base/assert.ts'
import { firstElement, getField } from '../bson/reader.ts'
import { documentBytes, documentValue } from '../bson/value.ts'
import { EntryEncoder, type OplogEntry } from '../oplog/entry.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import type { WriteTransaction } from '../storage/engine.ts'
import { applyDiff } from '../update/diff.ts'
import { applyCommand } from './apply-command.ts'
import { appendRecord, recordChanged } from './capped.ts'
import type { Catalog, CollectionInfo } from './catalog.ts'
import { idOf } from './document-id.ts'
import { hasNoEntries, keyOfId, moveEntries, putEntries, removeEntries } from './index-entries.ts'
import { recordKey } from './keys.ts'
import { parseNamespace } from './namespace.ts'
import { RetryRecords } from './retry.ts'

/** An entry, and what the live path knows already and a replay has to look up. */
export interface Change {
  readonly entry: OplogEntry
  readonly info?: CollectionInfo | undefined
  /** The document's record key; of an insert into a capped collection nobody knows it before. */
  readonly key?: Uint8Array | undefined
  readonly before?: Uint8Array | undefined
  readonly after?: Uint8Array | undefined
}

/** Appends entries to the log and makes the changes that they tell, one after another in one transaction. */
export class ChangeWriter {
  readonly #transaction: WriteTransaction
  readonly #catalog: Catalog
  readonly #encoder = new EntryEncoder()
  readonly #records = new RetryRecords()

  constructor(transaction: WriteTransaction, catalog: Catalog) {
    this.#transaction = transaction
    this.#catalog = catalog
  }

  /** Most changes need nothing looked up and are made at once: waiting for them all the same would cost as much as making them. */
  write(change: Change): MaybePromise<void> {
    this.#transaction.append(this.#encoder.encode(change.entry))
    this.#records.add(change.entry)
    return applyEntry(this.#transaction, this.#catalog, change)
  }

  /** Called once, behind the last change. */
  end(): Promise<void> {
    return this.#records.put(this.#transaction)
  }
}

/** The same for changes that are known beforehand. */
export async function commitChanges(
  transaction: WriteTransaction,
  catalog: Catalog,
  changes: readonly Change[],
): Promise<void> {
  const writer = new ChangeWriter(transaction, catalog)
  for (const change of changes) {
    const written = writer.write(change)
    if (written !== undefined) await written
  }
  await writer.end()
}

/** Makes the change that one entry tells. Retry records are not among it: they are put once a commit. */
export function applyEntry(transaction: WriteTransaction, catalog: Catalog, change: Change): MaybePromise<void> {
  const { entry } = change
  switch (entry.op) {
    case 'n':
      return
    case 'c':
      return applyCommand(transaction, catalog, entry)
    default:
      return change.info === undefined
        ? infoOf(transaction, catalog, change).then(info => applyToDocument(transaction, info, change))
        : applyToDocument(transaction, change.info, change)
  }
}

function applyToDocument(transaction: WriteTransaction, info: CollectionInfo, change: Change): MaybePromise<void> {
  switch (change.entry.op) {
    case 'i':
      return applyInsert(transaction, info, change)
    case 'u':
      return applyUpdate(transaction, info, change)
    default:
      return applyDelete(transaction, info, change)
  }
}

async function infoOf(
  transaction: WriteTransaction,
  catalog: Catalog,
  { info, entry }: Change,
): Promise<CollectionInfo> {
  if (info !== undefined) return info
  return must(await catalog.find(transaction, parseNamespace(entry.ns)), `collection ${entry.ns} of an oplog entry`)
}

function applyInsert(
  transaction: WriteTransaction,
  info: CollectionInfo,
  { entry, key: known }: Change,
): MaybePromise<void> {
  const document = entry.o
  if (info.capped !== undefined) {
    return appendRecord(transaction, info, document).then(key => putEntries(transaction, info, key, document))
  }
  const key = known ?? recordKey(info.id, idOf(document))
  transaction.put('records', key, document)
  return putEntries(transaction, info, key, document)
}

async function applyUpdate(transaction: WriteTransaction, info: CollectionInfo, change: Change): Promise<void> {
  const documentKey = must(change.entry.o2, 'o2 of an update entry')
  const key = change.key ?? must(await keyOfId(transaction, info, idOf(documentKey)), 'document of an update entry')
  const before = change.before ?? must(await transaction.get('records', key), 'document of an update entry')
  const after = change.after ?? afterUpdate(before, change.entry.o)
  transaction.put('records', key, after)
  await moveEntries(transaction, info, key, { before, after })
  if (info.capped !== undefined) await recordChanged(transaction, info, before, after)
}

async function applyDelete(transaction: WriteTransaction, info: CollectionInfo, change: Change): Promise<void> {
  const key = change.key ?? must(await keyOfId(transaction, info, idOf(change.entry.o)), 'document of a delete entry')
  if (!hasNoEntries(info)) {
    const before = change.before ?? must(await transaction.get('records', key), 'document of a delete entry')
    await removeEntries(transaction, info, key, before)
    if (info.capped !== undefined) await recordChanged(transaction, info, before, undefined)
  }
  transaction.delete('records', key)
}

/** The document after an update, from the document before and the entry's `o`: a delta or a replacement. */
export function afterUpdate(before: Uint8Array, o: Uint8Array): Uint8Array {
  const diff = deltaOf(o)
  return diff === undefined ? o : applyDiff(before, diff)
}

/** The delta in the `o` of an update entry; undefined when it is a whole document. */
export function deltaOf(o: Uint8Array): Uint8Array | undefined {
  // A stored document's first field is its _id, so $v cannot be a user's.
  if (firstElement(documentValue(o))?.[0] !== '$v') return undefined
  return documentBytes(must(getField(o, 'diff'), 'diff of an update entry'))
}
