/** What a test of a guide works with: a client of one deployment, and restaurants in a database of its own. */
import {
  type Collection,
  type CommandStartedEvent,
  type CommandSucceededEvent,
  type Db,
  type Document,
  MongoClient,
} from 'mongodb'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { someRestaurants } from '../restaurants.ts'
import type { Deployment, Running } from './deployments.ts'
import { type Stream, Watched } from './watched.ts'

export interface Place {
  readonly db: Db
  readonly restaurants: Collection<Document>
}

export interface Commands {
  readonly started: readonly CommandStartedEvent[]
  readonly succeeded: readonly CommandSucceededEvent[]
}

export class Guide {
  readonly #deployment: Deployment
  #running: Running | undefined
  #client: MongoClient | undefined
  #streams: Stream[] = []
  #commands: { started: CommandStartedEvent[]; succeeded: CommandSucceededEvent[] } = { started: [], succeeded: [] }
  #databaseCount = 0

  constructor(deployment: Deployment) {
    this.#deployment = deployment
  }

  get uri(): string {
    if (this.#running === undefined) throw new Error('the deployment has not been started')
    return this.#running.uri
  }

  get client(): MongoClient {
    if (this.#client === undefined) throw new Error('the deployment has not been started')
    return this.#client
  }

  async start(): Promise<void> {
    this.#running = await this.#deployment.start()
    this.#client = new MongoClient(this.#running.uri, { monitorCommands: true })
    this.#client.on('commandStarted', event => this.#commands.started.push(event))
    this.#client.on('commandSucceeded', event => this.#commands.succeeded.push(event))
    await this.#client.connect()
  }

  async close(): Promise<void> {
    await this.#client?.close()
    await this.#running?.close()
  }

  /** A database that no other test uses, with `documents` in its collection `restaurants`. */
  async place(documents: readonly Document[] = someRestaurants): Promise<Place> {
    const db = this.client.db(`restaurants_${this.#databaseCount++}`)
    const restaurants = db.collection('restaurants')
    if (documents.length > 0) await restaurants.insertMany(documents.map(document => ({ ...document })))
    return { db, restaurants }
  }

  /** Opens a stream; the end of the test closes it. */
  async watch(stream: Stream): Promise<Watched> {
    this.#streams.push(stream)
    return Watched.open(stream)
  }

  /** What the client sends and is answered from now on, as far as it is of these commands. */
  observe(...names: readonly string[]): Commands {
    this.#commands = { started: [], succeeded: [] }
    const { started, succeeded } = this.#commands
    const ofThese = (event: { readonly commandName: string }) => names.includes(event.commandName)
    return {
      get started() {
        return started.filter(ofThese)
      },
      get succeeded() {
        return succeeded.filter(ofThese)
      },
    }
  }

  async closeStreams(): Promise<void> {
    const streams = this.#streams
    this.#streams = []
    for (const stream of streams) await stream.close()
  }
}

/** A guide that starts before and ends behind the tests around this call. */
export function useGuide(deployment: Deployment): Guide {
  const guide = new Guide(deployment)
  beforeAll(() => guide.start())
  afterEach(() => guide.closeStreams())
  afterAll(() => guide.close())
  return guide
}
