/** Deletes documents of one collection, statement by statement. */
import { CommandError } from '../../base/errors.ts'
import { deleteAll, deleteFirst } from '../../collection/modify.ts'
import type { Command } from '../command.ts'
import {
  collectionName,
  document,
  integer,
  many,
  optional,
  readDocumentFields,
  readFields,
  withoutEffect,
} from '../fields.ts'
import { collationFor } from '../compile.ts'
import { compileStatement, retriedStmtIds, runStatements } from '../statements.ts'
import { encodeWriteErrors, requireStatementCount, writeFields } from '../write-reply.ts'
import { findDeleteTarget } from '../delete-target.ts'

const table = { ...writeFields, delete: collectionName, deletes: many(document), let: optional(document) }

const statementTable = {
  q: document,
  limit: integer,
  collation: optional(document),
  hint: withoutEffect, // Every plan gives the same documents.
  sampleId: withoutEffect, // Of a sharded cluster that learns which keys are asked for.
}

export const command: Command = {
  name: 'delete',
  inApiVersion1: true,
  transactional: 'any statement',
  countsItself: true,
  retryable: true,
  async run(request, context) {
    const { delete: coll, deletes, ordered, let: variables } = readFields(request, table)
    requireStatementCount(deletes.length)
    context.counters.operations.delete += deletes.length
    const target = await findDeleteTarget(context, { db: request.db, coll })
    const frame = { ...target, bypassDocumentValidation: true, let: variables }
    const statements = deletes.map((value, index) =>
      readDocumentFields(`delete.deletes.${index}`, value, statementTable),
    )
    for (const { limit } of statements) {
      if (limit !== 0 && limit !== 1) {
        throw new CommandError('FailedToParse', `The limit field in delete objects must be 0 or 1. Got ${limit}`)
      }
    }
    if (context.operation.retryable !== undefined && statements.some(({ limit }) => limit === 0)) {
      throw new CommandError('InvalidOptions', 'Cannot use retryable writes with limit=0')
    }
    const order = { ordered: ordered || context.operation.transaction !== undefined }
    const { outcomes, writeErrors } = await runStatements(statements, order, async (parts, stmtId) => {
      const collation = await collationFor(context, frame.namespace, parts.collation)
      const statement = compileStatement(context, frame, { ...parts, filter: parts.q, collation, stmtId })
      return parts.limit === 0 ? deleteAll(context.store, statement) : deleteFirst(context.store, statement)
    })
    return {
      n: outcomes.reduce((n, { outcome }) => n + outcome.matchedCount, 0),
      writeErrors: encodeWriteErrors(writeErrors),
      retriedStmtIds: retriedStmtIds(outcomes),
    }
  },
}
