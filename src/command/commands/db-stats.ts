/** How many collections and documents a database has and what they weigh. Reads all of it. */
import { Pace } from '../../base/pace.ts'
import { doubleValue } from '../../bson/encode.ts'
import { weighCollection, type Weight } from '../../collection/measure.ts'
import { requireDatabaseName } from '../../collection/namespace.ts'
import { withSnapshot } from '../../collection/store.ts'
import { listViews } from '../../collection/views.ts'
import type { Command } from '../command.ts'
import { scale } from '../collection-stats.ts'
import { anything, falsy, notSupported, readFields } from '../fields.ts'

const table = {
  dbStats: anything,
  scale,
  freeStorage: notSupported(falsy),
}

export const command: Command = {
  name: 'dbStats',
  aliases: ['dbstats'],
  async run(request, { store, env, operation }) {
    const { scale: factor } = readFields(request, table, { as: 'dbStats' })
    const { db } = request
    requireDatabaseName(db)
    const pace = new Pace(env, () => operation.check())
    const [collections, views] = await withSnapshot(store, async snapshot => [
      await store.catalog.list(snapshot, db),
      await listViews(snapshot, store.catalog, db),
    ])
    const documents = new Sum()
    const indexes = new Sum()
    let indexCount = 0
    for (const info of collections) {
      const weight = await weighCollection(store, info, pace)
      documents.add(weight.documents)
      for (const index of weight.indexes.values()) indexes.add(index)
      indexCount += info.indexes.length
    }
    const scaled = (bytes: number) => doubleValue(bytes / factor)
    return {
      db,
      collections: BigInt(collections.length),
      views: BigInt(views.length),
      objects: BigInt(documents.count),
      avgObjSize: doubleValue(documents.count === 0 ? 0 : documents.valueBytes / documents.count),
      dataSize: scaled(documents.valueBytes),
      storageSize: scaled(documents.storedBytes),
      indexes: BigInt(indexCount),
      indexSize: scaled(indexes.storedBytes),
      totalSize: scaled(documents.storedBytes + indexes.storedBytes),
      scaleFactor: BigInt(factor),
    }
  },
}

class Sum implements Weight {
  count = 0
  valueBytes = 0
  storedBytes = 0

  add({ count, valueBytes, storedBytes }: Weight): void {
    this.count += count
    this.valueBytes += valueBytes
    this.storedBytes += storedBytes
  }
}
