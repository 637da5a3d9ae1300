/** A change stream on everything that is resumed after each kill of its server, by the last token that its client has. */
import type { ClientSession, Document, Long, MongoClient } from 'mongodb'

export class ResumingStream {
  /** All of all lives. */
  readonly events: Document[] = []
  readonly #stage: Document
  readonly #options: Document
  readonly #told = new Set<string>()
  #token: Document | undefined

  /** `options` are fields of the aggregate command. */
  constructor(stage: Document, options: Document = {}) {
    this.#stage = stage
    this.#options = options
  }

  /** Goes on where it was, now with this client. Gives how it reads. */
  async open(client: MongoClient): Promise<OpenStream> {
    const session = client.startSession()
    const start = this.#token === undefined ? {} : { resumeAfter: this.#token }
    const { cursor } = await client.db('admin').command(
      {
        aggregate: 1,
        pipeline: [{ $changeStream: { allChangesForCluster: true, ...this.#stage, ...start } }],
        cursor: {},
        ...this.#options,
      },
      { session },
    )
    this.#take(cursor.firstBatch, cursor.postBatchResumeToken)
    return new OpenStream(client, session, cursor.id, next => this.#take(next.nextBatch, tokenOf(next)))
  }

  /** @throws Error for an event that came before. */
  #take(events: readonly Document[], token: Document): void {
    for (const event of events) {
      const { _data } = event['_id']
      if (this.#told.has(_data)) throw new Error(`told twice: ${JSON.stringify(event)}`)
      this.#told.add(_data)
      this.events.push(event)
    }
    this.#token = token
  }
}

/** Of the last event or of the whole batch, as clients do it one way or the other. */
function tokenOf({ nextBatch, postBatchResumeToken }: Document): Document {
  return nextBatch.length % 2 === 1 ? nextBatch.at(-1)._id : postBatchResumeToken
}

class OpenStream {
  readonly #ask: () => Promise<number>

  constructor(client: MongoClient, session: ClientSession, id: Long, take: (cursor: Document) => void) {
    this.#ask = async () => {
      const getMore = { getMore: id, collection: '$cmd.aggregate', batchSize: 25, maxTimeMS: 500 }
      const { cursor } = await client.db('admin').command(getMore, { session })
      take(cursor)
      return cursor.nextBatch.length
    }
  }

  /** Until the server is gone. @throws what is no matter of the network. */
  async readOn(): Promise<void> {
    for (;;) {
      try {
        await this.#ask()
      } catch (error) {
        if (error instanceof Error && 'code' in error && typeof error.code === 'number') throw error
        if (error instanceof Error && error.message.startsWith('told twice')) throw error
        return
      }
    }
  }

  /** Until there is nothing more. */
  async drain(): Promise<void> {
    while ((await this.#ask()) > 0);
  }
}
