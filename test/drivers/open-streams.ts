/** Waiting for streams that a library opens by itself, and tells nobody when. */
import type { MongoClient } from 'mongodb'

/** Resolves when `count` change streams of the namespace are open: what is written from then on reaches them. */
export async function openStreams(client: MongoClient, namespace: string, count: number): Promise<void> {
  const pipeline = [
    { $currentOp: { idleCursors: true } },
    { $match: { ns: namespace, 'cursor.changeStream': { $exists: true } } },
  ]
  while ((await client.db('admin').aggregate(pipeline).toArray()).length < count);
}
