/** Updates, replaces or removes one document and answers with it, as it was or as it is now. */
import { CommandError } from '../../base/errors.ts'
import { deleteFirst, updateFirst, type Outcome } from '../../collection/modify.ts'
import { compileProject } from '../../query/project.ts'
import type { Command, Reply } from '../command.ts'
import { collationFor, compileContext } from '../compile.ts'
import {
  anything,
  array,
  bool,
  collectionName,
  document,
  falsy,
  notSupported,
  optional,
  readFields,
  withoutEffect,
} from '../fields.ts'
import { compileStatement, compileUpdateStatement, emptyFilter } from '../statements.ts'

const table = {
  findAndModify: collectionName,
  query: optional(document, emptyFilter),
  sort: optional(document),
  remove: optional(bool, false),
  update: optional(anything),
  new: optional(bool, false),
  fields: optional(document),
  upsert: optional(bool, false),
  bypassDocumentValidation: optional(bool, false),
  collation: optional(document),
  arrayFilters: optional(array),
  let: optional(document),
  hint: withoutEffect, // Every plan gives the same documents.
  sampleId: withoutEffect, // Of a sharded cluster that learns which keys are asked for.
  stmtId: notSupported(),
  bypassEmptyTsReplacement: notSupported(falsy),
}

export const command: Command = {
  name: 'findAndModify',
  aliases: ['findandmodify'],
  inApiVersion1: true,
  transactional: 'any statement',
  retryable: true,
  async run(request, context) {
    const parts = readFields(request, table, { as: 'findAndModify' })
    const { query: filter, update, remove, upsert, arrayFilters, fields } = parts
    requireOneAction({ isRemove: remove, isUpdate: update !== undefined, upsert, isNew: parts.new })
    const namespace = { db: request.db, coll: parts.findAndModify }
    const frame = { namespace, bypassDocumentValidation: parts.bypassDocumentValidation, let: parts.let }
    const collation = await collationFor(context, namespace, parts.collation)
    const compile = compileContext(context, { collation, let: parts.let })
    const project = fields && compileProject(fields, { ...compile, of: 'find', filter })
    const keepsValue = parts.new ? 'after' : 'before'
    const common = { filter, collation, sort: parts.sort, stmtId: 0, keepsValue } as const
    const outcome =
      update === undefined
        ? await deleteFirst(context.store, compileStatement(context, frame, common))
        : await updateFirst(
            context.store,
            compileUpdateStatement(context, frame, { ...common, update, upsert, multi: false, arrayFilters }),
          )
    const { value } = outcome
    return {
      lastErrorObject: lastErrorObject(outcome, { isRemove: remove }),
      value: value === undefined ? null : project === undefined ? value : project(value),
      retriedStmtId: outcome.isRetried ? 0 : undefined,
    }
  },
}

function requireOneAction({ isRemove, isUpdate, upsert, isNew }: Readonly<Record<string, boolean>>): void {
  if (isRemove === isUpdate) {
    throw new CommandError(
      'FailedToParse',
      isRemove ? 'Cannot specify both an update and remove=true' : 'Either an update or remove=true must be specified',
    )
  }
  if (isRemove && upsert) throw new CommandError('FailedToParse', 'Cannot specify both upsert=true and remove=true')
  if (isRemove && isNew) {
    throw new CommandError(
      'FailedToParse',
      "Cannot specify both new=true and remove=true; 'remove' always returns the deleted document",
    )
  }
}

function lastErrorObject({ matchedCount, upsertedId }: Outcome, { isRemove }: { isRemove: boolean }): Reply {
  if (isRemove) return { n: matchedCount }
  return {
    n: upsertedId === undefined ? matchedCount : 1,
    updatedExisting: matchedCount > 0,
    upserted: upsertedId,
  }
}
