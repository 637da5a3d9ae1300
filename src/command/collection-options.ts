/** The options of a collection that create and collMod share, and what they say of capped ones. */
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

/** The most that a capped collection may be made for, in bytes: 1 PiB. Source: MongoDB, create and collMod. */
const cappedBytesMax = 2 ** 50

/** The size of a capped collection in bytes, as it is kept: a multiple of 256, none smaller than was asked for. */
export function cappedSize(size: number): number | bigint {
  if (size < 1 || size > cappedBytesMax) {
    throw new CommandError('Location51024', `the size of a capped collection must be from 1 byte to 1 PB, not ${size}`)
  }
  const kept = Math.ceil(size / 256) * 256
  return kept < 2 ** 31 ? kept : BigInt(kept)
}

/** How many documents a capped collection may hold; undefined when there is no limit. */
export function cappedMax(max: number): number | undefined {
  if (max >= 2 ** 31) throw new CommandError('BadValue', 'max in a capped collection has to be < 2^31 or not set')
  return max > 0 ? max : undefined
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
  return { changeStreamPreAndPostImages: images, validator, validationLevel, validationAction }
}
