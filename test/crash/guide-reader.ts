/** Somebody who reads a change stream through the deaths of its server, up to the insert of a document called `the end`. */
import { type ChangeStream, type Collection, type Document, MongoNetworkError } from 'mongodb'

export const theEnd = { _id: 'the end' } as Document

export class GuideReader {
  readonly events: Document[] = []
  readonly #collection: Collection<Document>
  /** Where it goes on: behind the last event, or further, as far as the stream has looked. */
  #token: unknown
  #stream: ChangeStream | undefined
  #closes = 0

  constructor(collection: Collection<Document>, token?: unknown) {
    this.#collection = collection
    this.#token = token
  }

  /** Opens a first stream; its token is one before all events. */
  async open(): Promise<unknown> {
    const stream = this.#collection.watch([], { maxAwaitTimeMS: 1 })
    await stream.tryNext()
    this.#token = stream.resumeToken
    await stream.close()
    return this.#token
  }

  /** Closes the stream, wherever it is: another one goes on from the last token. */
  async reopen(): Promise<void> {
    this.#closes++
    await this.#stream?.close()
  }

  /** Resolves with the event of `theEnd`. @throws what is neither a lost connection nor a `reopen`. */
  async run(): Promise<void> {
    for (;;) {
      const closes = this.#closes
      const stream = this.#collection.watch([], { resumeAfter: this.#token })
      this.#stream = stream
      try {
        if (await this.#read(stream)) return
      } catch (error) {
        if (closes === this.#closes && !(error instanceof MongoNetworkError)) throw error
      } finally {
        await stream.close()
      }
    }
  }

  async #read(stream: ChangeStream): Promise<boolean> {
    for (;;) {
      const event: Document = await stream.next()
      this.#token = stream.resumeToken
      if (event['documentKey']?._id === theEnd['_id']) return true
      this.events.push(event)
    }
  }
}
