/** Inserts documents into one collection, creating it if it is not there. */
import { insertDocuments } from '../../collection/insert.ts'
import type { Command } from '../command.ts'
import { bool, collectionName, documents, optional, readFields } from '../fields.ts'
import { encodeWriteErrors, requireStatementCount, writeFields } from '../write-reply.ts'

const table = {
  insert: collectionName,
  documents,
  ...writeFields,
  bypassEmptyTsReplacement: optional(bool, false),
}

export const command: Command = {
  name: 'insert',
  inApiVersion1: true,
  transactional: 'any statement',
  countsItself: true,
  retryable: true,
  async run(request, { store, counters, operation: { retryable, transaction } }) {
    const { insert, ordered, ...parts } = readFields(request, table)
    requireStatementCount(parts.documents.length)
    counters.operations.insert += parts.documents.length
    const { insertedCount, writeErrors, retriedIds } = await insertDocuments(store, {
      namespace: { db: request.db, coll: insert },
      documents: parts.documents,
      firstStmtId: 0,
      // In a transaction the first refusal ends everything.
      ordered: ordered || transaction !== undefined,
      bypassesValidation: parts.bypassDocumentValidation,
      keepsZeroTimestamps: parts.bypassEmptyTsReplacement,
      retryable,
    })
    return {
      n: insertedCount,
      writeErrors: encodeWriteErrors(writeErrors),
      retriedStmtIds: retriedIds.length > 0 ? retriedIds : undefined,
    }
  },
}
