/** `config.system.preimages`: the pre-images in the log, one document for each. In natural order they are by time. */
import { must } from '../../base/assert.ts'
import { encodeDocument } from '../../bson/encode.ts'
import type { Value } from '../../bson/value.ts'
import { BsonWriter } from '../../bson/writer.ts'
import { CommitReader, commitsBackwards, type Commit } from '../../oplog/commits.ts'
import { decodeEntry } from '../../oplog/entry.ts'
import { timestampRangeOf } from '../../query/timestamp-range.ts'
import type { LogEntry } from '../../storage/engine.ts'
import { withoutExpiredImage } from '../pre-images.ts'
import type { Store } from '../store.ts'
import type { SystemNamespace } from '../system-namespace.ts'

const clusteredIndex = { v: 2, key: { _id: 1 }, name: '_id_', unique: true }

export const systemNamespace: SystemNamespace = {
  namespace: { db: 'config', coll: 'system.preimages' },
  options: () => ({ clusteredIndex }),
  indexes: [encodeDocument({ ...clusteredIndex, clustered: true })],
  async *read(store, filter, { reverse }) {
    for await (const { entries } of commitsOf(store, filter, reverse)) {
      for (const entry of reverse ? entries.toReversed() : entries) {
        const document = imageDocument(store, entry)
        if (document !== undefined) yield document
      }
    }
  },
}

async function* commitsOf({ engine }: Store, filter: Value, reverse: boolean): AsyncGenerator<Commit> {
  const range = timestampRangeOf(filter, '_id.ts')
  if (reverse) return yield* commitsBackwards(engine.log, range)
  const reader = new CommitReader(engine.log, range)
  for (let commit = await reader.next(); commit !== undefined; commit = await reader.next()) yield commit
}

/** Undefined for an entry that has no pre-image, or no more. */
function imageDocument(store: Store, { position, bytes }: LogEntry): Uint8Array | undefined {
  const { ui, wallMs, preImage } = withoutExpiredImage(store, decodeEntry(bytes))
  if (preImage === undefined) return undefined
  const writer = new BsonWriter(preImage.length + 128)
  writer.startDocument('_id')
  writer.binary('nsUUID', 4, must(ui, 'ui of an entry with a pre-image'))
  writer.timestamp('ts', position.time)
  writer.int64('applyOpsIndex', BigInt(position.index))
  writer.end()
  writer.date('operationTime', wallMs)
  writer.document('preImage', preImage)
  return writer.finish()
}
