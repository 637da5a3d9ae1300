/** Two Socket.IO servers that know of each other by a collection and its change stream alone. */
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdapter, type MongoAdapter } from '@socket.io/mongo-adapter'
import { type Collection, type Db, MongoClient } from 'mongodb'
import { Server } from 'socket.io'
import { io as connect, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deployments, type Running } from './deployments.ts'
import { openStreams } from './open-streams.ts'

const coll = 'socket.io-adapter-events'

/** The two ways of the adapter's guide to get rid of what was sent. */
const variants = [
  {
    variant: 'a TTL index',
    dbName: 'ttl',
    options: { addCreatedAtField: true },
    async prepare(db: Db) {
      await db.collection(coll).createIndex({ createdAt: 1 }, { expireAfterSeconds: 3600, background: true })
    },
  },
  {
    variant: 'a capped collection',
    dbName: 'capped',
    options: {},
    async prepare(db: Db) {
      await db.createCollection(coll, { capped: true, size: 1e6 })
    },
  },
]

const cases = deployments.flatMap(deployment => variants.map(variant => ({ ...deployment, ...variant })))

describe.each(cases)('with $name, and $variant', ({ start, dbName, options, prepare }) => {
  let running: Running
  const clients: MongoClient[] = []
  const servers: { readonly http: HttpServer; readonly io: Server }[] = []
  const sockets: Socket[] = []

  async function collection(): Promise<Collection> {
    const client = await new MongoClient(running.uri).connect()
    clients.push(client)
    return client.db(dbName).collection(coll)
  }

  /** A server with a connection of its own, and a client of it. */
  async function open(): Promise<[Server, Socket]> {
    const http = createServer()
    const io = new Server(http)
    io.adapter(createAdapter(await collection(), { heartbeatInterval: 100, ...options }))
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    servers.push({ http, io })
    const socket = connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports: ['websocket'] })
    sockets.push(socket)
    await new Promise<void>(resolve => socket.on('connect', resolve))
    return [io, socket]
  }

  let [first, second]: Server[] = []
  let [ofFirst, ofSecond]: Socket[] = []

  beforeAll(async () => {
    running = await start()
    const client = await new MongoClient(running.uri).connect()
    clients.push(client)
    await prepare(client.db(dbName))
    ;[first, ofFirst] = await open()
    ;[second, ofSecond] = await open()
    await openStreams(client, `${dbName}.${coll}`, 2)
    // Each has heard the other's heart beat.
    for (const { io } of servers) {
      const adapter = io.of('/').adapter as MongoAdapter
      while ((await adapter.serverCount()) < 2) await new Promise(resolve => setImmediate(resolve))
    }
  })

  afterAll(async () => {
    for (const socket of sockets) socket.close()
    for (const { io } of servers) await io.close()
    for (const client of clients) await client.close()
    await running.close()
  })

  const next = (socket: Socket | undefined, name: string) =>
    new Promise<unknown[]>(resolve => socket?.once(name, (...values: unknown[]) => resolve(values)))

  test('what one server sends to all arrives at the clients of both, bytes too', async () => {
    const arrived = [next(ofFirst, 'news'), next(ofSecond, 'news')]
    first?.emit('news', 1, { two: [2] }, Buffer.from('three'))
    const sent = [1, { two: [2] }, Buffer.from('three')]
    expect(await Promise.all(arrived)).toEqual([sent, sent])
  })

  test('rooms reach over both servers', async () => {
    await first?.in(ofSecond?.id ?? '').socketsJoin('kitchen')
    const found = async () => (await first?.in('kitchen').fetchSockets())?.length
    while ((await found()) !== 1);
    const arrived = next(ofSecond, 'order')
    first?.to('kitchen').emit('order', 'stew')
    expect(await arrived).toEqual(['stew'])
    expect((await second?.fetchSockets())?.map(({ id }) => id).toSorted()).toEqual(
      [ofFirst?.id, ofSecond?.id].toSorted(),
    )
  })

  test('clients of both answer, and the servers answer each other', async () => {
    for (const [socket, answer] of [[ofFirst, 'first'] as const, [ofSecond, 'second'] as const]) {
      socket?.on('who', (reply: (name: string) => void) => reply(answer))
    }
    const answers = await new Promise<unknown[]>((resolve, reject) => {
      first
        ?.timeout(10_000)
        .emit('who', (error: Error | null, given: unknown[]) => (error ? reject(error) : resolve(given)))
    })
    expect(answers.toSorted()).toEqual(['first', 'second'])
    second?.on('count', (reply: (count: number) => void) => reply(7))
    expect(await first?.serverSideEmitWithAck('count')).toEqual([7])
  })

  test('what is removed from the collection disturbs nobody', async () => {
    const events = await collection()
    expect(await events.countDocuments()).toBeGreaterThan(0)
    if (options.addCreatedAtField) {
      expect((await events.findOne())?.createdAt).toBeInstanceOf(Date)
      await events.deleteMany({})
    }
    const arrived = next(ofFirst, 'still')
    second?.emit('still', true)
    expect(await arrived).toEqual([true])
  })
})
