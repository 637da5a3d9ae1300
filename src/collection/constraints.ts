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
import { indexEntriesOf } from './keys.ts'
import { showNamespace } from './namespace.ts'

/**
 * Refuses `document`, to be stored under `key`, when another one holds a key of a unique index that it needs.
 *
 * @throws CommandError DuplicateKey.
 */
export async function requireUnique(
  reader: Reader,
  info: CollectionInfo,
  key: Uint8Array,
  document: Uint8Array,
): Promise<void> {
  for (const index of info.indexes) {
    if (!index.unique) continue
    for (const entry of indexEntriesOf(index, document)) {
      const holder = await reader.get('index', entry.key)
      if (holder !== undefined && !sameBytes(holder, key)) throw duplicateKey(info, index, entry.values)
    }
  }
}

/** The error for a key that is taken. `values` are those of the index's fields. Tools parse this text. */
export function duplicateKey(info: CollectionInfo, index: IndexInfo, values: readonly Value[]): CommandError {
  const keyValue = documentOf(index.fields.map(([path], position) => [path, values[position]]))
  return new CommandError(
    'DuplicateKey',
    `E11000 duplicate key error collection: ${showNamespace(info.namespace)} index: ${index.name} dup key: ${show(keyValue)}`,
    { details: { keyPattern: getField(index.spec, 'key'), keyValue } },
  )
}

/** The error for an _id that is taken. */
export function duplicateId(info: CollectionInfo, document: Uint8Array): CommandError {
  return duplicateKey(info, info.indexes[0] as IndexInfo, [idOf(document)])
}

/**
 * Refuses a document that the collection's validator does not match. With a moderate validation level an update may leave a
 * document wrong that was wrong `before`.
 *
 * @throws CommandError DocumentValidationFailure.
 */
export function requireValid(info: CollectionInfo, document: Uint8Array, before?: Uint8Array): void {
  const { validator } = info
  if (validator === undefined || validator(document)) return
  if (before !== undefined && info.validatesModerately && !validator(before)) return
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
