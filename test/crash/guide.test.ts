/** The guide's writers and watchers while their server is killed again and again: nothing is lost, nothing is told twice. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Collection, type Document, MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { restaurants } from '../restaurants.ts'
import { type ServerProcess, startServerProcess, startServerProcessAgainable } from '../server-process.ts'
import { GuideReader, theEnd } from './guide-reader.ts'
import { GuideWriter, randomFrom, writeNameOf } from './guide-writer.ts'

const killCount = 20
const writerCount = 6
/** A server dies when so many writes, at most, have been acknowledged since it began. */
const writesPerLifeMax = 120
const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)

let folder: string
let server: ServerProcess
/** One for the watchers, then one for each writer: of the writes under way that one client loses, it repeats only one. */
let clients: MongoClient[]

const storage = () => ['--dbpath', folder, '--storage', 'embedded']

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailrace-crash-'))
  server = await startServerProcessAgainable(storage())
  const options = { monitorCommands: true, minHeartbeatFrequencyMS: 20 }
  clients = Array.from({ length: 1 + writerCount }, () => new MongoClient(server.uri, options))
})

afterAll(async () => {
  for (const client of clients) await client.close()
  await server.stop()
  await rm(folder, { recursive: true })
})

const collectionOf = (client: MongoClient) => client.db('sample_restaurants').collection<Document>('restaurants')

test(
  'through twenty kills each acknowledged write is kept, and told once and in order',
  { timeout: 120_000 },
  async () => {
    console.log(`CRASH_SEED=${seed} repeats the choices of this run`)
    const [collection, ...theirs] = clients.map(collectionOf) as [Collection<Document>, ...Collection<Document>[]]
    await collection.insertMany(restaurants.map(document => ({ ...document })))
    const atFirst = await collection.find().toArray()
    const retries = countRetries()

    // One watcher leaves the going on to the driver, the other begins anew from its last token after each kill.
    const patient = new GuideReader(collection)
    const impatient = new GuideReader(collection)
    const firstToken = await patient.open()
    await impatient.open()
    const watching = Promise.all([patient.run(), impatient.run()])

    const fuse = new Fuse()
    const writers = theirs.map((own, index) => {
      const documents = atFirst.filter((_, at) => at % writerCount === index)
      const onAcknowledged = () => fuse.burn()
      return new GuideWriter({
        collection: own,
        name: `${index}`,
        documents,
        random: randomFrom(seed + index),
        onAcknowledged,
      })
    })
    const writing = Promise.all(writers.map(writer => writer.run()))
    // Neither can end before it is told to, except by failing, and then nobody need wait for the kills.
    await Promise.race([killAgainAndAgain(fuse, impatient), writing, watching])
    for (const writer of writers) writer.stop()
    await writing
    await collection.insertOne({ ...theEnd })
    await watching

    const late = new GuideReader(collection, firstToken)
    await late.run()
    const writes = writers.flatMap(writer => writer.writes)
    console.log(
      `${writes.length} writes, ${writes.filter(({ isAcknowledged }) => !isAcknowledged).length} without an answer, ` +
        `${late.events.length} told; ${retries.sent} sent again by the driver, of which ${retries.alreadyDone} had been done`,
    )

    expect(patient.events).toEqual(late.events)
    expect(impatient.events).toEqual(late.events)
    const tokens = late.events.map(({ _id }) => _id._data as string)
    expect(tokens).toEqual([...new Set(tokens)].sort())
    for (const writer of writers) expectTold(writer, late.events)
    const names = new Set(writes.map(({ name }) => name))
    expect(late.events.map(writeNameOf).filter(name => !names.has(name))).toEqual([])
    const atLast = await collection.find({ _id: { $ne: theEnd['_id'] } }).toArray()
    expect(replay(byId(atFirst), late.events)).toEqual(byId(atLast))
  },
)

/** Burns with each acknowledged write, and then something happens in that very turn. */
class Fuse {
  #left = Infinity
  #atEnd: () => void = () => undefined

  burn(): void {
    if (--this.#left === 0) this.#atEnd()
  }

  /** Resolves when what `atEnd` did is done. */
  light(count: number, atEnd: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#left = count
      this.#atEnd = () => atEnd().then(resolve, reject)
    })
  }
}

async function killAgainAndAgain(fuse: Fuse, impatient: GuideReader): Promise<void> {
  const random = randomFrom(seed - 1)
  for (let kills = 0; kills < killCount; kills++) {
    await fuse.light(1 + Math.floor(random() * writesPerLifeMax), async () => {
      // A few turns later, other writes are on their way to the disk.
      for (let turns = Math.floor(random() * 40); turns > 0; turns--) await nextTurn()
      await server.kill()
    })
    server = await startServerProcess([...storage(), '--port', `${server.port}`])
    await impatient.reopen()
  }
}

/** The acknowledged writes of one writer are told once each, in order; of the others those that happened, once. */
function expectTold({ writes }: GuideWriter, events: readonly Document[]): void {
  const names = new Set(writes.map(({ name }) => name))
  const told = events.map(writeNameOf).filter(name => names.has(name))
  const toldNames = new Set(told)
  const expected = writes.filter(({ name, isAcknowledged }) => isAcknowledged || toldNames.has(name))
  expect(told).toEqual(expected.map(({ name }) => name))
}

const byId = (documents: readonly Document[]) => new Map(documents.map(document => [String(document['_id']), document]))

/** What the documents become when the events happen to them. */
function replay(documents: Map<string, Document>, events: readonly Document[]): Map<string, Document> {
  for (const { operationType, documentKey, fullDocument, updateDescription } of events) {
    const id = String(documentKey._id)
    if (operationType === 'insert') documents.set(id, fullDocument)
    else if (operationType === 'delete') documents.delete(id)
    else documents.set(id, { ...documents.get(id), ...updateDescription.updatedFields })
  }
  return documents
}

/** How many writes the drivers send a second time, and how many of these the server had done before it died. */
function countRetries() {
  const counts = { sent: 0, alreadyDone: 0 }
  const seen = new Set<string>()
  for (const client of clients) {
    client.on('commandStarted', ({ command }) => {
      if (command['txnNumber'] === undefined) return
      const name = `${command['lsid'].id.toString('hex')} ${command['txnNumber']}`
      if (seen.has(name)) counts.sent++
      seen.add(name)
    })
    client.on('commandSucceeded', ({ reply }) => {
      if ((reply as Document)['retriedStmtIds'] !== undefined) counts.alreadyDone++
    })
  }
  return counts
}
