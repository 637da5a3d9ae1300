/** Renames a collection, over an existing one if asked. */
import { renameCollection } from '../../collection/ddl.ts'
import { parseNamespace } from '../../collection/namespace.ts'
import type { Command } from '../command.ts'
import { bool, optional, readFields, string, withoutEffect } from '../fields.ts'

const table = {
  renameCollection: string,
  to: string,
  dropTarget: optional(bool, false),
  stayTemp: withoutEffect, // No collection is temporary.
}

export const command: Command = {
  name: 'renameCollection',
  adminOnly: true,
  async run(request, { store, maintenance }) {
    const { renameCollection: source, to, dropTarget } = readFields(request, table)
    await renameCollection(store, parseNamespace(source), parseNamespace(to), { dropTarget })
    if (dropTarget) maintenance.poke()
    return {}
  },
}
