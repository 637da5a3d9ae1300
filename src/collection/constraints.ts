/** What a document must keep to before it is stored: unique indexes and the collection's validator. */
import { CommandError } from '../base/errors.ts'
import { sameBytes } from '../bson/bytes.ts'
import { documentOf } from '../bson/encode.ts'
import { getField } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { documentBytes, type Value } from '../bson/value.ts'
import type { Reader } from '../storage/engine.ts'
import type { CollectionInfo, IndexInfo } from './catalog.ts'
import { idOf } from './document-id.ts'
import { holdersOf } from './index-entries.ts'
import { indexEntriesOf } from './keys.ts'
import { showNamespace } from './namespace.ts'
import type { Store } from './store.ts'

/**
 * Refuses `document`, to be stored under `key` (undefined for one that is new and has none yet), when another one holds a key of a unique index that it needs.
 *
 * @throws CommandError DuplicateKey.
 */
export async function requireUnique(
  reader: Reader,
  info: CollectionInfo,
  key: Uint8Array | undefined,
  document: Uint8Array,
): Promise<void> {
  for (const index of info.indexes) {
    if (!index.hasEntries) continue
    for (const entry of indexEntriesOf(index, document)) {
      const holders = await holdersOf(reader, index, entry)
      if (holders.length === 0 || holders.some(holder => key !== undefined && sameBytes(holder, key))) continue
      throw duplicateKey(info, index, entry.values)
    }
  }
}

/**
 * Refuses changes of a capped collection in a multi-document transaction: each would be in the way of all others.
 *
 * @throws CommandError OperationNotSupportedInTransaction.
 */
export function requireOutsideTransaction({ isTransaction }: Store, { capped, namespace }: CollectionInfo): void {
  if (capped === undefined || !isTransaction) return
  throw new CommandError(
    'OperationNotSupportedInTransaction',
    `Collection '${showNamespace(namespace)}' is a capped collection. Writes in transactions are not allowed on capped collections.`,
  )
}

/** Refuses a document that a capped collection could not hold if it held nothing else. @throws CommandError BadValue. */
export function requireRoom({ capped }: CollectionInfo, document: Uint8Array): void {
  if (capped === undefined || document.length <= capped.sizeBytes) return
  throw new CommandError('BadValue', 'object to insert exceeds cappedMaxSize')
}

/** The error for a key that is taken. `values` are those of the index's fields. Tools parse this text. */
export function duplicateKey(info: CollectionInfo, index: IndexInfo, values: readonly Value[]): CommandError {
  const keyValue = documentOf(index.fields.map(([path], position) => [path, values[position]]))
  const collation = index.collation?.spec
  const shownCollation = collation === undefined ? '' : ` collation: ${show(collation)}`
  return new CommandError(
    'DuplicateKey',
    `E11000 duplicate key error collection: ${showNamespace(info.namespace)} index: ${index.name}${shownCollation} dup key: ${show(keyValue)}`,
    { details: { keyPattern: getField(index.spec, 'key'), keyValue, collation } },
  )
}

/** The error for an _id that is taken. */
export function duplicateId(info: CollectionInfo, document: Uint8Array): CommandError {
  return duplicateKey(info, info.indexes[0] as IndexInfo, [idOf(document)])
}

/**
 * Refuses a document that the collection's validator does not match, or only writes that to the log where the validation
 * action is to warn. With a moderate validation level an update may leave a document wrong that was wrong `before`.
 *
 * @throws CommandError DocumentValidationFailure.
 */
export function requireValid({ log }: Store, info: CollectionInfo, document: Uint8Array, before?: Uint8Array): void {
  const { validator } = info
  if (validator === undefined || validator(document)) return
  if (before !== undefined && info.validatesModerately && !validator(before)) return
  if (info.warnsOnly) {
    const fields = { namespace: showNamespace(info.namespace), id: show(idOf(document)) }
    return log.warn(fields, 'Document would fail validation')
  }
  const rule = getField(info.options, 'validator')
  throw new CommandError('DocumentValidationFailure', 'Document failed validation', {
    details: {
      errInfo: {
        failingDocumentId: idOf(document),
        details: { operatorName: '$validator', specifiedAs: rule && documentBytes(rule), reason: 'no match' },
      },
    },
  })
}
