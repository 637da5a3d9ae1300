/** Somebody who writes to restaurants, one write after another, and remembers what was acknowledged. */
import { type Collection, type Document, MongoNetworkError } from 'mongodb'

/** A number from 0 to below 1, the same sequence for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** One write, by a name that no other has and that its change event shows. */
export interface Write {
  readonly name: string
  readonly isAcknowledged: boolean
}

export interface WriterOptions {
  readonly collection: Collection<Document>
  readonly name: string
  /** Documents that nobody else writes to. */
  readonly documents: readonly Document[]
  readonly random: () => number
  /** Called in the turn in which a write is acknowledged. */
  readonly onAcknowledged: () => void
}

const cuisines = ['Irish', 'American', 'Bakery', 'Thai', 'Café/Coffee/Tea', 'Delicatessen']

export class GuideWriter {
  /** All that were tried, in order. What failed without an answer may have happened all the same. */
  readonly writes: Write[] = []
  readonly #options: WriterOptions
  readonly #ids: unknown[]
  #isStopped = false

  constructor(options: WriterOptions) {
    this.#options = options
    this.#ids = options.documents.map(({ _id }) => _id)
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Writes until it is stopped. @throws Error when an answer is none that the write can have. */
  async run(): Promise<void> {
    const { random } = this.#options
    while (!this.#isStopped) {
      const dice = random()
      if (dice < 0.2) await this.#insert()
      else if (dice < 0.35 && this.#ids.length > 10) await this.#delete()
      else await this.#update()
    }
  }

  async #insert(): Promise<void> {
    const { collection, documents, name } = this.#options
    const insertName = `insert ${name}.${this.writes.length}`
    const document = { ...this.#pick(documents), _id: insertName, lastWrite: insertName } as Document
    const done = await this.#try(insertName, async () => (await collection.insertOne(document)).acknowledged)
    if (done) this.#ids.push(insertName)
  }

  async #update(): Promise<void> {
    const { collection, name } = this.#options
    const lastWrite = `update ${name}.${this.writes.length}`
    const update = { $inc: { visits: 1 }, $set: { cuisine: this.#pick(cuisines), lastWrite } }
    const filter = { _id: this.#pick(this.#ids) } as Document
    await this.#try(lastWrite, async () => (await collection.updateOne(filter, update)).modifiedCount === 1)
  }

  async #delete(): Promise<void> {
    const at = Math.floor(this.#options.random() * this.#ids.length)
    const [_id] = this.#ids.splice(at, 1)
    const { collection } = this.#options
    await this.#try(deleteName(_id), async () => (await collection.deleteOne({ _id } as Document)).deletedCount === 1)
  }

  /** Whether the write was acknowledged. */
  async #try(name: string, write: () => Promise<boolean>): Promise<boolean> {
    try {
      if (!(await write()))
        throw new Error(`${name} found nothing to do: it, or what it builds on, was lost or done twice`)
    } catch (error) {
      if (!(error instanceof MongoNetworkError)) throw error
      this.writes.push({ name, isAcknowledged: false })
      return false
    }
    this.writes.push({ name, isAcknowledged: true })
    this.#options.onAcknowledged()
    return true
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#options.random() * items.length)] as T
  }
}

const deleteName = (id: unknown): string => `delete ${String(id)}`

/** The name of the write that a change event tells of. */
export function writeNameOf({ operationType, documentKey, fullDocument, updateDescription }: Document): string {
  switch (operationType) {
    case 'insert':
      return fullDocument.lastWrite ?? 'nobody’s'
    case 'update':
      return updateDescription.updatedFields.lastWrite ?? 'nobody’s'
    case 'delete':
      return deleteName(documentKey._id)
    default:
      return 'nobody’s'
  }
}
