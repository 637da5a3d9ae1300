/** Updates documents of one collection, statement by statement. */
import { CommandError } from '../../base/errors.ts'
import { updateAll, updateFirst } from '../../collection/modify.ts'
import type { Command } from '../command.ts'
import {
  anything,
  array,
  bool,
  collectionName,
  document,
  falsy,
  many,
  notSupported,
  optional,
  readDocumentFields,
  readFields,
  withoutEffect,
} from '../fields.ts'
import { collationFor } from '../compile.ts'
import { compileUpdateStatement, retriedStmtIds, runStatements } from '../statements.ts'
import { encodeWriteErrors, requireStatementCount, writeFields } from '../write-reply.ts'

const table = {
  ...writeFields,
  update: collectionName,
  updates: many(document),
  let: optional(document),
  bypassEmptyTsReplacement: notSupported(falsy),
}

const statementTable = {
  q: document,
  u: anything,
  c: optional(document),
  multi: optional(bool, false),
  upsert: optional(bool, false),
  collation: optional(document),
  arrayFilters: optional(array),
  sort: optional(document),
  hint: withoutEffect, // Every plan gives the same documents.
  sampleId: withoutEffect, // Of a sharded cluster that learns which keys are asked for.
}

export const command: Command = {
  name: 'update',
  inApiVersion1: true,
  transactional: 'any statement',
  countsItself: true,
  retryable: true,
  async run(request, context) {
    const { update: coll, updates, ordered, bypassDocumentValidation, let: variables } = readFields(request, table)
    requireStatementCount(updates.length)
    context.counters.operations.update += updates.length
    const frame = { namespace: { db: request.db, coll }, bypassDocumentValidation, let: variables }
    const statements = updates.map((value, index) =>
      readDocumentFields(`update.updates.${index}`, value, statementTable),
    )
    if (context.operation.retryable !== undefined && statements.some(({ multi }) => multi)) {
      throw new CommandError('InvalidOptions', 'Cannot use retryable writes with multi=true')
    }
    const order = { ordered: ordered || context.operation.transaction !== undefined }
    const { outcomes, writeErrors } = await runStatements(statements, order, async (parts, stmtId) => {
      if (parts.sort !== undefined && parts.multi) {
        throw new CommandError('FailedToParse', 'Cannot specify sort with multi=true')
      }
      const collation = await collationFor(context, frame.namespace, parts.collation)
      const statement = compileUpdateStatement(context, frame, {
        ...parts,
        filter: parts.q,
        update: parts.u,
        collation,
        stmtId,
      })
      return parts.multi ? updateAll(context.store, statement) : updateFirst(context.store, statement)
    })
    const upserted = outcomes.flatMap(({ index, outcome: { upsertedId } }) =>
      upsertedId === undefined ? [] : [{ index, _id: upsertedId }],
    )
    return {
      n: outcomes.reduce((n, { outcome }) => n + outcome.matchedCount, upserted.length),
      nModified: outcomes.reduce((n, { outcome }) => n + outcome.modifiedCount, 0),
      upserted: upserted.length > 0 ? upserted : undefined,
      writeErrors: encodeWriteErrors(writeErrors),
      retriedStmtIds: retriedStmtIds(outcomes),
    }
  },
}
