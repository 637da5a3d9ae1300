/** What the write commands have in common: their shared fields and the replies to refused statements. */
import type { WriteError } from '../collection/insert.ts'
import { CommandError } from '../base/errors.ts'
import { writeBatchCountMax, writeErrorsBytesMax } from '../base/limits.ts'
import type { Encodable } from '../bson/encode.ts'
import { bool, notSupported, optional } from './fields.ts'

/** Fields of insert, update and delete beside their statements. */
export const writeFields = {
  ordered: optional(bool, true),
  bypassDocumentValidation: optional(bool, false),
  collectionUUID: notSupported(),
  stmtId: notSupported(),
  stmtIds: notSupported(),
}

/** @throws CommandError InvalidLength for no statements at all, and for too many. */
export function requireStatementCount(count: number): void {
  if (count >= 1 && count <= writeBatchCountMax) return
  throw new CommandError(
    'InvalidLength',
    `Write batch sizes must be between 1 and ${writeBatchCountMax}. Got ${count} operations.`,
  )
}

/** `writeErrors` of a reply; undefined when there are none. Texts are left out where the reply would not fit. */
export function encodeWriteErrors(errors: readonly WriteError[]): Encodable {
  if (errors.length === 0) return undefined
  let bytes = 0
  return errors.map(({ index, error }) => {
    bytes += error.message.length
    const errmsg = bytes > writeErrorsBytesMax ? '' : error.message
    return { index, code: error.code, ...(error.details as Record<string, Encodable>), errmsg }
  })
}
