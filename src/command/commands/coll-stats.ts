/** How many documents a collection has and what they weigh. Reads all of it. */
import { requireCollectionName } from '../../collection/namespace.ts'
import { Pace } from '../../base/pace.ts'
import type { Command } from '../command.ts'
import { namedStats, scale } from '../collection-stats.ts'
import { collectionName, readFields, withoutEffect } from '../fields.ts'

const table = {
  collStats: collectionName,
  scale,
  verbose: withoutEffect, // There is no more to tell.
  waitForLock: withoutEffect, // There is no lock.
  numericOnly: withoutEffect, // Of the engine's own statistics, of which there are none.
}

export const command: Command = {
  name: 'collStats',
  aliases: ['collstats'],
  run(request, { store, env, operation }) {
    const { collStats: coll, scale: factor } = readFields(request, table, { as: 'collStats' })
    const namespace = { db: request.db, coll }
    requireCollectionName(namespace)
    return namedStats(store, namespace, { factor, pace: new Pace(env, () => operation.check()) })
  },
}
