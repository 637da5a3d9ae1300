/** The official driver on our sockets, with a handler that knows just enough for it. */
import { deserialize, Long, ObjectId, serialize } from 'bson'
import { type Document, MongoClient } from 'mongodb'
import { afterEach, expect, test } from 'vitest'
import type { ClientConnection, Handle, Outcome, Request } from './connection.ts'
import { gate, reply, serve } from './raw-client.suite.ts'

const clients: MongoClient[] = []

afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close()))
})

async function connectTo(uri: string): Promise<MongoClient> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 10_000 })
  clients.push(client)
  return client.connect()
}

const processId = new ObjectId()

function hello(command: Document, { reachedAt, connectionId }: ClientConnection): Document {
  const { compression } = command
  return {
    helloOk: true,
    topologyVersion: { processId, counter: Long.ZERO },
    hosts: [reachedAt],
    setName: 'rs',
    isWritablePrimary: true,
    ismaster: true,
    me: reachedAt,
    primary: reachedAt,
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    logicalSessionTimeoutMinutes: 30,
    connectionId,
    minWireVersion: 0,
    maxWireVersion: 25,
    compression: Array.isArray(compression) ? compression.slice(0, 1) : [],
    ok: 1,
  }
}

/** Answers hello, also as a stream that waits for its client to leave; what else is asked goes to `others`. */
const driverHandle =
  (others: (command: Document, request: Request) => Document, onStream: () => void = () => {}): Handle =>
  (request, client) => {
    const command = deserialize(request.body)
    if (!('hello' in command || 'isMaster' in command || 'ismaster' in command)) return reply(others(command, request))
    const document = hello(command, client)
    if (!request.exhaustAllowed) return reply(document)
    onStream()
    return reply(document, () => {
      const { promise, open } = gate<Outcome>()
      client.signal.addEventListener('abort', () => open(reply(document)))
      return promise
    })
  }

test.each(['', '&compressors=snappy', '&compressors=zlib'])('the driver is served: replicaSet=rs%s', async options => {
  const streaming = gate()
  const asked: string[] = []
  const { listener, counters } = await serve(
    driverHandle(
      (command, { sequences }) => {
        asked.push(Object.keys(command)[0] ?? '')
        const documents = sequences.flatMap(sequence => sequence.documents)
        if ('find' in command) {
          return { cursor: { firstBatch: [{ text: 'x'.repeat(5000) }], id: Long.ZERO, ns: 'd.c' }, ok: 1 }
        }
        return { n: documents.length, ok: 1 }
      },
      () => streaming.open(),
    ),
  )
  const client = await connectTo(`mongodb://${listener.addresses[0]}/?replicaSet=rs${options}`)
  const collection = client.db('d').collection('c')
  const documents = Array.from({ length: 100 }, (_, n) => ({ n, text: 'y'.repeat(1000) }))
  const inserted = await collection.insertMany(documents)
  expect(inserted.insertedCount).toBe(100)
  expect((await collection.findOne({}))?.['text']).toBe('x'.repeat(5000))
  await collection.insertOne({ x: 1 }, { writeConcern: { w: 0 } })
  await client.db('d').command({ ping: 1 })
  expect(asked.filter(name => name !== 'endSessions')).toEqual(['insert', 'find', 'insert', 'ping'])
  const plainBytes = documents.reduce((sum, document) => sum + serialize(document).length, 0)
  expect(counters.network.bytesIn < plainBytes / 2).toBe(options !== '')
  await streaming.promise
})
