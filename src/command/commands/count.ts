/** Counts documents that match. */
import type { Command } from '../command.ts'
import { compileContext } from '../compile.ts'
import { collectionName, count, document, integer, optional, readFields, withoutEffect } from '../fields.ts'
import { findReadSource, readMatching } from '../read-source.ts'
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
    const { store } = context
    const source = await findReadSource(store, { db: request.db, coll }, collation)
    const compile = compileContext(context, source)
    const countMax = limit === 0 ? Infinity : skip + Math.abs(limit)
    let n = 0
    for await (const _ of readMatching(store, source, query, compile)) if (++n >= countMax) break
    return { n: Math.max(0, n - skip) }
  },
}
