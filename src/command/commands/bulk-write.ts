/** Inserts, updates and deletes in any number of collections, statement by statement: the driver's client.bulkWrite. */
import { CommandError } from '../../base/errors.ts'
import { encodeDocument, type Encodable } from '../../bson/encode.ts'
import { firstElement } from '../../bson/reader.ts'
import type { Value } from '../../bson/value.ts'
import { insertDocuments } from '../../collection/insert.ts'
import { deleteAll, deleteFirst, updateAll, updateFirst, type Outcome } from '../../collection/modify.ts'
import { parseNamespace, type Namespace } from '../../collection/namespace.ts'
import { sourceOf } from '../../cursor/source.ts'
import { firstBatchCountDefault } from '../../base/limits.ts'
import type { Command, CommandContext } from '../command.ts'
import { firstBatch } from '../cursor-reply.ts'
import {
  anything,
  array,
  bool,
  count,
  document,
  documentOnly,
  falsy,
  many,
  notSupported,
  optional,
  readDocumentFields,
  readFields,
  string,
  withoutEffect,
} from '../fields.ts'
import { collationFor } from '../compile.ts'
import { compileStatement, compileUpdateStatement, runStatements } from '../statements.ts'
import { requireStatementCount } from '../write-reply.ts'
import { findDeleteTarget } from '../delete-target.ts'

const table = {
  bulkWrite: anything,
  ops: many(document),
  nsInfo: many(document),
  ordered: optional(bool, true),
  errorsOnly: optional(bool, false),
  bypassDocumentValidation: optional(bool, false),
  let: optional(document),
  cursor: optional(document),
  stmtId: notSupported(),
  stmtIds: notSupported(),
  bypassEmptyTsReplacement: notSupported(falsy),
}

const insertTable = { insert: count, document: documentOnly }

const updateTable = {
  update: count,
  filter: document,
  updateMods: anything,
  multi: optional(bool, false),
  upsert: optional(bool, false),
  arrayFilters: optional(array),
  collation: optional(document),
  sort: optional(document),
  hint: withoutEffect, // Every plan gives the same documents.
  sampleId: withoutEffect, // Of a sharded cluster that learns which keys are asked for.
}

const deleteTable = {
  delete: count,
  filter: document,
  multi: optional(bool, false),
  collation: optional(document),
  hint: withoutEffect, // Every plan gives the same documents.
  sampleId: withoutEffect, // Of a sharded cluster that learns which keys are asked for.
}

const namespaceTable = { ns: string, collectionUUID: notSupported() }

/** What one operation did, and of which kind it was. */
interface Done extends Outcome {
  readonly kind: 'insert' | 'update' | 'delete'
}

export const command: Command = {
  name: 'bulkWrite',
  adminOnly: true,
  inApiVersion1: true,
  transactional: 'any statement',
  countsItself: true,
  retryable: true,
  async run(request, context) {
    const parts = readFields(request, table)
    const { ops, ordered, errorsOnly } = parts
    requireStatementCount(ops.length)
    const namespaces = parts.nsInfo.map((value, index) => {
      const { ns } = readDocumentFields(`bulkWrite.nsInfo.${index}`, value, namespaceTable)
      return parseNamespace(ns)
    })
    const frame = { bypassDocumentValidation: parts.bypassDocumentValidation, let: parts.let }
    const order = { ordered: ordered || context.operation.transaction !== undefined }
    const { outcomes, writeErrors } = await runStatements(ops, order, (op, stmtId) =>
      runOperation(context, { ...frame, namespaces }, op, stmtId),
    )
    const results = [
      ...(errorsOnly ? [] : outcomes.map(({ index, outcome }) => ({ index, fields: successFields(outcome as Done) }))),
      ...writeErrors.map(({ index, error }) => ({
        index,
        fields: {
          ok: 0,
          idx: index,
          code: error.code,
          errmsg: error.message,
          ...(error.details as Record<string, Encodable>),
          n: 0,
        },
      })),
    ].sort((a, b) => a.index - b.index)
    const documents = results.map(({ index, fields }) => encodeDocument({ ok: 1, idx: index, ...fields }))
    const { batchSize } = parts.cursor
      ? readDocumentFields('bulkWrite.cursor', parts.cursor, { batchSize: optional(count, firstBatchCountDefault) })
      : { batchSize: Infinity }
    const reply = await firstBatch(context, sourceOf(documents), { namespace: 'admin.$cmd.bulkWrite', batchSize })
    const total = (kind: Done['kind'], of: (done: Done) => number) =>
      outcomes.reduce((sum, { outcome }) => sum + ((outcome as Done).kind === kind ? of(outcome as Done) : 0), 0)
    return {
      ...reply,
      nErrors: writeErrors.length,
      nInserted: total('insert', ({ matchedCount }) => matchedCount),
      nMatched: total('update', ({ matchedCount }) => matchedCount),
      nModified: total('update', ({ modifiedCount }) => modifiedCount),
      nUpserted: total('update', ({ upsertedId }) => (upsertedId === undefined ? 0 : 1)),
      nDeleted: total('delete', ({ matchedCount }) => matchedCount),
    }
  },
}

function successFields({ kind, matchedCount, modifiedCount, upsertedId }: Done): Record<string, Encodable> {
  return {
    n: matchedCount + (upsertedId === undefined ? 0 : 1),
    nModified: kind === 'update' ? modifiedCount : undefined,
    upserted: upsertedId && { _id: upsertedId },
  }
}

interface Frame {
  readonly namespaces: readonly Namespace[]
  readonly bypassDocumentValidation: boolean
  readonly let: Value | undefined
}

async function runOperation(context: CommandContext, frame: Frame, op: Value, stmtId: number): Promise<Done> {
  const { store } = context
  const kind = firstElement(op)?.[0]
  const path = `bulkWrite.ops.${stmtId}`
  if (kind === 'insert' || kind === 'update' || kind === 'delete') context.counters.operations[kind]++
  switch (kind) {
    case 'insert': {
      const { insert, document: inserted } = readDocumentFields(path, op, insertTable)
      return insertOne(context, namespaceAt(frame, insert), frame, inserted, stmtId)
    }
    case 'update': {
      const parts = readDocumentFields(path, op, updateTable)
      requireRetryable(context, parts.multi)
      const namespace = namespaceAt(frame, parts.update)
      const collation = await collationFor(context, namespace, parts.collation)
      const statement = compileUpdateStatement(
        context,
        { ...frame, namespace },
        { ...parts, update: parts.updateMods, collation, stmtId },
      )
      return { ...(await (parts.multi ? updateAll : updateFirst)(store, statement)), kind }
    }
    case 'delete': {
      const parts = readDocumentFields(path, op, deleteTable)
      requireRetryable(context, parts.multi)
      const target = await findDeleteTarget(context, namespaceAt(frame, parts.delete))
      const collation = await collationFor(context, target.namespace, parts.collation)
      const statement = compileStatement(context, { ...frame, ...target }, { ...parts, collation, stmtId })
      return { ...(await (parts.multi ? deleteAll : deleteFirst)(store, statement)), kind }
    }
    default:
      throw new CommandError('FailedToParse', `Unknown operation '${kind ?? ''}' in ${path}`)
  }
}

function namespaceAt({ namespaces }: Frame, index: number): Namespace {
  const namespace = namespaces[index]
  if (namespace !== undefined) return namespace
  throw new CommandError('BadValue', `BulkWrite ops entry has an invalid nsInfo index: ${index}`)
}

function requireRetryable({ operation }: CommandContext, multi: boolean): void {
  if (multi && operation.retryable !== undefined) {
    throw new CommandError('InvalidOptions', 'Cannot use retryable writes with multi=true')
  }
}

async function insertOne(
  { store, operation }: CommandContext,
  namespace: Namespace,
  frame: Frame,
  inserted: Uint8Array,
  stmtId: number,
): Promise<Done> {
  const { insertedCount, writeErrors, retriedIds } = await insertDocuments(store, {
    namespace,
    documents: [inserted],
    firstStmtId: stmtId,
    ordered: true,
    bypassesValidation: frame.bypassDocumentValidation,
    retryable: operation.retryable,
  })
  const refused = writeErrors[0]
  if (refused !== undefined) throw refused.error
  return {
    kind: 'insert',
    matchedCount: insertedCount,
    modifiedCount: 0,
    upsertedId: undefined,
    value: undefined,
    isRetried: retriedIds.length > 0,
  }
}
