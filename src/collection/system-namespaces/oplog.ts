/** `local.oplog.rs`: the log as MongoDB's oplog, one document for each commit. */
import type { Value } from '../../bson/value.ts'
import { CommitReader, commitsBackwards } from '../../oplog/commits.ts'
import { oplogDocument } from '../../oplog/oplog-document.ts'
import { timestampRangeOf } from '../../query/timestamp-range.ts'
import type { Store } from '../store.ts'
import type { SystemNamespace } from '../system-namespace.ts'

export const systemNamespace: SystemNamespace = {
  namespace: { db: 'local', coll: 'oplog.rs' },
  options: ({ settings: { retention } }) => ({ capped: true, size: retention.bytesMax, autoIndexId: false }),
  indexes: [],
  read(store, filter, { reverse }) {
    return reverse ? backwards(store, filter) : forwards(store, filter)
  },
  follow,
}

function follow({ engine }: Store, filter: Value): () => Promise<Uint8Array | undefined> {
  const reader = new CommitReader(engine.log, timestampRangeOf(filter, 'ts'))
  return async () => {
    const commit = await reader.next()
    return commit && oplogDocument(commit)
  }
}

async function* forwards(store: Store, filter: Value): AsyncGenerator<Uint8Array> {
  const next = follow(store, filter)
  for (let document = await next(); document !== undefined; document = await next()) yield document
}

async function* backwards({ engine }: Store, filter: Value): AsyncGenerator<Uint8Array> {
  for await (const commit of commitsBackwards(engine.log, timestampRangeOf(filter, 'ts'))) yield oplogDocument(commit)
}
