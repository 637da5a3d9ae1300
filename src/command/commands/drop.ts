/** Drops a collection or a view; nothing is wrong when there is none. */
import { dropCollection } from '../../collection/ddl.ts'
import { CommandError } from '../../base/errors.ts'
import { requireCollectionName, showNamespace, type Namespace } from '../../collection/namespace.ts'
import { findSystemNamespace } from '../../collection/system-reads.ts'
import type { Command } from '../command.ts'
import { collectionName, readFields } from '../fields.ts'

export const command: Command = {
  name: 'drop',
  inApiVersion1: true,
  async run(request, { store, maintenance }) {
    const { drop } = readFields(request, { drop: collectionName })
    const namespace = { db: request.db, coll: drop }
    requireCollectionName(namespace)
    requireDroppable(namespace)
    const dropped = await dropCollection(store, namespace)
    if (dropped === undefined) return {}
    maintenance.poke()
    return { nIndexesWas: dropped.indexCount, ns: showNamespace(namespace) }
  },
}

function requireDroppable(namespace: Namespace): void {
  if (findSystemNamespace(namespace) === undefined) return
  if (namespace.db === 'local') throw new CommandError('Location5255000', "can't drop live oplog while replicating")
  throw new CommandError('IllegalOperation', `can't drop system collection ${showNamespace(namespace)}`)
}
