/** Counts documents that match. */
import { countDocuments, compileSelection } from '../../collection/read.ts'
import type { Command } from '../command.ts'
import { compileContext } from '../compile.ts'
import { collectionName, count, document, integer, optional, readFields, withoutEffect } from '../fields.ts'
import { emptyFilter } from '../statements.ts'

const table = {
  count: collectionName,
  query: optional(document, emptyFilter),
  skip: optional(count, 0),
  limit: optional(integer, 0),
  collation: optional(document),
  hint: withoutEffect, // Every plan gives the same documents.
  fields: withoutEffect, // Ignored by the server too.
}

export const command: Command = {
  name: 'count',
  inApiVersion1: true,
  async run(request, context) {
    const { count: coll, query, skip, limit, collation } = readFields(request, table)
    const compile = compileContext(context, { collation })
    const countMax = limit === 0 ? Infinity : skip + Math.abs(limit)
    const selection = compileSelection(query, compile)
    const { pace } = compile
    const n = await countDocuments(context.store, { db: request.db, coll }, selection, { pace, countMax })
    return { n: Math.max(0, n - skip) }
  },
}
