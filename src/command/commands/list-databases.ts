/** All databases that have a collection. */
import { encodeDocument } from '../../bson/encode.ts'
import { withSnapshot } from '../../collection/store.ts'
import { systemNamespaces } from '../../collection/system-reads.ts'
import { compileMatch } from '../../query/match.ts'
import type { Command } from '../command.ts'
import { compileContext } from '../compile.ts'
import { anything, bool, document, optional, readFields, withoutEffect } from '../fields.ts'

const table = {
  listDatabases: anything,
  filter: optional(document),
  nameOnly: optional(bool, false),
  authorizedDatabases: withoutEffect, // Without users everybody may see all.
}

export const command: Command = {
  name: 'listDatabases',
  adminOnly: true,
  inApiVersion1: true,
  async run(request, context) {
    const { store } = context
    const { filter, nameOnly } = readFields(request, table)
    const collections = await withSnapshot(store, snapshot => store.catalog.list(snapshot))
    const names = [...new Set(['admin', 'config', 'local', ...collections.map(({ namespace }) => namespace.db)])].sort()
    const holding = new Set([...collections, ...systemNamespaces].map(({ namespace }) => namespace.db))
    // Sizes are not known by database: all of them lie in one file.
    const databases = names.map(name =>
      encodeDocument(nameOnly ? { name } : { name, sizeOnDisk: 0n, empty: !holding.has(name) }),
    )
    const matches = filter === undefined ? () => true : compileMatch(filter, compileContext(context, {}))
    return {
      databases: databases.filter(matches),
      ...(nameOnly ? {} : { totalSize: 0n, totalSizeMb: 0n }),
    }
  },
}
