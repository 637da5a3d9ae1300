/** Drops a collection or a view; nothing is wrong when there is none. */
import { dropCollection } from '../../collection/ddl.ts'
import { requireCollectionName, showNamespace } from '../../collection/namespace.ts'
import type { Command } from '../command.ts'
import { collectionName, readFields } from '../fields.ts'

export const command: Command = {
  name: 'drop',
  inApiVersion1: true,
  async run(request, { store, maintenance }) {
    const { drop } = readFields(request, { drop: collectionName })
    const namespace = { db: request.db, coll: drop }
    requireCollectionName(namespace)
    const dropped = await dropCollection(store, namespace)
    if (dropped === undefined) return {}
    maintenance.poke()
    return { nIndexesWas: dropped.indexCount, ns: showNamespace(namespace) }
  },
}
