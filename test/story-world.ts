/** What a story happens in: a deployment in memory, time that stands still, and streams as a driver keeps them. */
import { type Document, Long, type Timestamp } from 'bson'
import type { Client } from '../src/command/command.ts'
import { dispatch } from '../src/command/dispatch.ts'
import { rootVariables } from '../src/expression/variables.ts'
import { ManualEnv } from './manual-env.ts'
import { ask, makeClient, openServices, type TestServices } from './services.ts'

/** Sends a command to the real services, and reads its reply. */
export const command = (services: TestServices, document: Document, client?: Client): Promise<Document> =>
  ask(dispatch, services, document, client)

/** What a pipeline is compiled with outside a command. */
export const someVariables = rootVariables({ nowMs: 0, clusterTime: 0n })

/** An answer with `ok: 0`. */
export class Refused extends Error {
  readonly codeName: string
  readonly labels: readonly string[]

  constructor({ codeName, errmsg, errorLabels }: Document) {
    super(`${codeName}: ${errmsg}`)
    this.codeName = codeName
    this.labels = errorLabels ?? []
  }
}

/** How one batch came out. */
export interface Outcome {
  readonly events: readonly Document[]
  readonly refused?: Refused
  /** The cursor is gone. */
  readonly ended: boolean
}

export interface StreamSettings {
  readonly db: string
  /** Undefined for a database, or with `admin` for all of them. */
  readonly coll: string | undefined
  readonly stage: Document
  readonly pipeline: readonly Document[]
  /** Of the first batch and the others; undefined for the server's own. */
  readonly batchSize: number | undefined
}

export interface GetMoreOptions {
  readonly maxTimeMS: number
  readonly batchSize?: number | undefined
  readonly asked?: boolean
}

/** A stream as a driver has it: a cursor, and the token it would resume with. */
export class Stream {
  readonly settings: StreamSettings
  readonly #world: World
  readonly #connection = new AbortController()
  #cursor: { readonly id: bigint; readonly collection: string } | undefined
  /** The last postBatchResumeToken. */
  token: Document = {}
  /** Whether the last reply said that the stream was invalidated. */
  invalidated = false
  /** Whether the story made a getMore itself. */
  wasAsked = false
  /** Batches that came and nobody has looked at. */
  #unread: Outcome[] = []
  /** A getMore that may still wait. */
  pending: Promise<void> | undefined

  constructor(world: World, settings: StreamSettings) {
    this.#world = world
    this.settings = settings
  }

  /** @throws Refused. */
  async open(start: Document): Promise<void> {
    const { db, coll, stage, pipeline, batchSize } = this.settings
    const reply = await this.#world.command({
      aggregate: coll ?? 1,
      $db: db,
      pipeline: [{ $changeStream: { ...stage, ...start } }, ...pipeline],
      cursor: batchSize === undefined ? {} : { batchSize },
    })
    this.#keep(reply.cursor, reply.cursor.firstBatch)
  }

  /** The batches that came since somebody looked. */
  look(): Outcome[] {
    return this.#unread.splice(0)
  }

  /** Asks for a batch, which `look` gives when it has come; `asked` when it is the story that does. */
  getMore({ maxTimeMS, batchSize = this.settings.batchSize, asked = false }: GetMoreOptions): void {
    if (asked) this.wasAsked = true
    const cursor = this.#cursor
    if (cursor === undefined) throw new Error('the stream has ended')
    const size = batchSize === undefined || batchSize === 0 ? {} : { batchSize }
    const command = {
      getMore: Long.fromBigInt(cursor.id),
      collection: cursor.collection,
      $db: this.settings.db,
      maxTimeMS,
      ...size,
    }
    this.pending = this.#world
      .command(command, this.#connection.signal)
      .then(
        reply => this.#keep(reply.cursor, reply.cursor.nextBatch),
        (error: unknown) => {
          if (!(error instanceof Refused)) throw error
          this.#cursor = undefined
          this.#unread.push({ events: [], refused: error, ended: true })
        },
      )
      .finally(() => {
        this.pending = undefined
      })
  }

  get isOpen(): boolean {
    return this.#cursor !== undefined
  }

  async kill(): Promise<void> {
    const { db } = this.settings
    const { id, collection } = this.#cursor ?? { id: 0n, collection: '' }
    await this.#world.command({ killCursors: collection, $db: db, cursors: [Long.fromBigInt(id)] })
  }

  /** The client goes away, whatever it waits for. */
  dropConnection(): void {
    this.#connection.abort()
  }

  #keep(cursor: Document, events: readonly Document[]): void {
    for (const event of events) this.#world.remember(event)
    this.token = cursor.postBatchResumeToken
    this.invalidated = cursor.invalidated === true
    const collection = cursor.ns.slice(cursor.ns.indexOf('.') + 1)
    this.#cursor = cursor.id === 0n ? undefined : { id: cursor.id, collection }
    this.#unread.push({ events, ended: cursor.id === 0n })
  }
}

export class World {
  readonly env: ManualEnv
  readonly services: TestServices
  readonly streams = new Map<string, Stream>()
  /** Tokens of the events that any stream delivered, by what `tell` says of them and by their subject. */
  readonly #tokens = new Map<string, Document>()
  /** When something was done. */
  readonly #times = new Map<string, Timestamp>()

  constructor(env: ManualEnv, services: TestServices) {
    this.env = env
    this.services = services
  }

  static async open(): Promise<World> {
    const env = new ManualEnv()
    const services = await openServices(env)
    return new World(env, services)
  }

  async close(): Promise<void> {
    await this.services.close()
  }

  /** @throws Refused. */
  async command(document: Document, signal?: AbortSignal): Promise<Document> {
    const reply = await command(this.services, document, makeClient(signal === undefined ? {} : { signal }))
    if (reply.ok !== 1) throw new Refused(reply)
    if (reply.writeErrors !== undefined) throw new Error(JSON.stringify(reply.writeErrors))
    return reply
  }

  /** A write that a story calls `subject`. */
  async write(subject: string, document: Document): Promise<void> {
    const { operationTime } = await this.command(document)
    this.#times.set(subject, operationTime)
  }

  timeOf(subject: string): Timestamp {
    const time = this.#times.get(subject)
    if (time === undefined) throw new Error(`nothing was done with '${subject}'`)
    return time
  }

  remember(event: Document): void {
    const told = tell(event)
    this.#tokens.set(told, event._id)
    this.#tokens.set(told.slice(told.indexOf(' ') + 1), event._id)
  }

  tokenOf(told: string): Document {
    const token = this.#tokens.get(told)
    if (token === undefined) throw new Error(`no stream has told of '${told}'`)
    return token
  }

  /** Lets everything happen that needs no time to pass. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await this.env.yieldTurn()
  }

  /** What is before that moment falls out of the history. */
  async forgetBefore(time: Timestamp): Promise<void> {
    const { log } = this.services.store.engine
    await log.truncateBefore(BigInt(time.toString()))
  }

  /** Only the newest entry stays. */
  async forgetAll(): Promise<void> {
    const { log } = this.services.store.engine
    await log.truncateBefore(log.newest.time)
  }
}

export const defaultDatabase = 'd'
export const defaultCollection = 'c'

/** `insert a`, `update a in orders`, `drop c`, `rename c to other`, `invalidate`; a fragment `update a (1 of 3)`. */
export function tell(event: Document): string {
  const { operationType, ns, documentKey, to, splitEvent } = event
  const words: string[] = [operationType ?? 'a fragment']
  const place = ns?.db === defaultDatabase || ns?.coll === undefined ? (ns?.coll ?? ns?.db) : `${ns.db}.${ns.coll}`
  if (documentKey !== undefined) words.push(String(documentKey._id))
  if (documentKey === undefined && place !== undefined) words.push(place)
  if (documentKey !== undefined && place !== undefined && place !== defaultCollection) words.push('in', place)
  if (to !== undefined) words.push('to', to.coll)
  if (splitEvent !== undefined) words.push(`(${splitEvent.fragment} of ${splitEvent.of})`)
  return words.join(' ')
}
