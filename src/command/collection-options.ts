/** The options of a collection that create and collMod share. */
import { CommandError } from '../base/errors.ts'
import type { Encodable } from '../bson/encode.ts'
import type { Value } from '../bson/value.ts'
import { isInternalDatabase } from '../collection/namespace.ts'
import type { CommandRequest } from './command.ts'
import { document, oneOf, optional, readDocumentFields, strictBool } from './fields.ts'

export const collectionOptionFields = {
  changeStreamPreAndPostImages: optional(document),
  validator: optional(document),
  validationLevel: optional(oneOf('off', 'strict', 'moderate')),
  validationAction: optional(oneOf('error', 'warn')),
}

interface CollectionOptions {
  readonly changeStreamPreAndPostImages: Value | undefined
  readonly validator: Value | undefined
  readonly validationLevel: string | undefined
  readonly validationAction: string | undefined
}

/** The options that were given, checked, as they are kept and shown. */
export function pickCollectionOptions(
  { db, name }: CommandRequest,
  { changeStreamPreAndPostImages: images, validator, validationLevel, validationAction }: CollectionOptions,
): { readonly [name: string]: Encodable } {
  if (images !== undefined) {
    if (isInternalDatabase(db)) {
      throw new CommandError(
        'InvalidOptions',
        `changeStreamPreAndPostImages option is not supported on the ${db} database`,
      )
    }
    readDocumentFields(`${name}.changeStreamPreAndPostImages`, images, { enabled: strictBool })
  }
  // It asks for a line in the log for each document that does not match, and there is none yet.
  if (validationAction === 'warn') {
    throw new CommandError('NotImplemented', `'${name}.validationAction: warn' is not supported yet`)
  }
  return { changeStreamPreAndPostImages: images, validator, validationLevel, validationAction }
}
