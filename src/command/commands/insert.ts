/** Inserts documents into one collection, creating it if it is not there. */
import { insertDocuments } from '../../collection/insert.ts'
import type { Command } from '../command.ts'
import { collectionName, documentOnly, many, readFields } from '../fields.ts'
import { encodeWriteErrors, requireStatementCount, writeFields } from '../write-reply.ts'

const table = { insert: collectionName, documents: many(documentOnly), ...writeFields }

export const command: Command = {
  name: 'insert',
  inApiVersion1: true,
  countsItself: true,
  retryable: true,
  async run(request, { store, counters, operation: { retryable } }) {
    const { insert, documents, ordered, bypassDocumentValidation } = readFields(request, table)
    requireStatementCount(documents.length)
    counters.operations.insert += documents.length
    const { insertedCount, writeErrors, retriedIds } = await insertDocuments(store, {
      namespace: { db: request.db, coll: insert },
      documents,
      firstStmtId: 0,
      ordered,
      bypassesValidation: bypassDocumentValidation,
      retryable,
    })
    return {
      n: insertedCount,
      writeErrors: encodeWriteErrors(writeErrors),
      retriedStmtIds: retriedIds.length > 0 ? retriedIds : undefined,
    }
  },
}
