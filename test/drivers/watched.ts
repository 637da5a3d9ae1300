/** A change stream as tests use it: open before anything is written, and read without waiting longer than needed. */
import { once } from 'node:events'
import type { Document } from 'mongodb'

/** What tests need of the driver's change streams, whatever documents they are of. */
export interface Stream extends NodeJS.EventEmitter {
  readonly resumeToken: unknown
  next(): Promise<Document>
  close(): Promise<void>
}

export class Watched {
  readonly stream: Stream
  /** The `next` that opened the stream, until its event is taken. */
  #first: Promise<Document> | undefined

  private constructor(stream: Stream, first: Promise<Document>) {
    this.stream = stream
    this.#first = first
  }

  /** Resolves when the server has opened the stream: it gives what is written from then on. @throws what that throws. */
  static async open(stream: Stream): Promise<Watched> {
    // A stream opens with its first `next`, which waits for an event; the token comes with the answer that opens it.
    const opened = once(stream, 'resumeTokenChanged')
    const first = stream.next()
    await Promise.race([opened, first])
    // Whoever takes the first event is told of its failure; nobody does when the stream is closed before.
    first.catch(() => undefined)
    return new Watched(stream, first)
  }

  async next(): Promise<Document> {
    const first = this.#first
    this.#first = undefined
    return first ?? this.stream.next()
  }

  /** The next `count` events. */
  async take(count: number): Promise<Document[]> {
    const events: Document[] = []
    while (events.length < count) events.push(await this.next())
    return events
  }

  /** Where the next stream would go on. */
  get token(): unknown {
    return this.stream.resumeToken
  }
}
