/** A server with a handler of the test's own, and clients that send whatever bytes they like. No sleeps: all is awaited. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { deserialize, serialize, type Document } from 'bson'
import { afterEach } from 'vitest'
import { systemEnv } from '../base/env.ts'
import type { Log } from '../base/log.ts'
import { loadCompressors } from '../wire/compression.ts'
import { msg } from '../wire/request.suite.ts'
import type { Handle, Reply } from './connection.ts'
import { listen, type Listener, type ListenOptions, type ServerCounters } from './listen.ts'

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map(each => each.close()))
})

export interface TestServer {
  readonly listener: Listener
  readonly counters: ServerCounters
  /** Messages of warnings and errors, oldest first. */
  readonly logged: string[]
  readonly connect: () => Promise<RawClient>
}

export const reply = (document: Document, next?: Reply['next']): Reply => ({ document: serialize(document), next })

/** Says what it was asked. */
export const echo: Handle = ({ body }) => reply({ asked: deserialize(body), ok: 1 })

/** Closed after the test. */
export async function serve(handle: Handle, options: Partial<ListenOptions> = {}): Promise<TestServer> {
  const logged: string[] = []
  const keep = (fields: object, message: string) => {
    const cause = 'err' in fields && fields.err instanceof Error ? `: ${fields.err.message}` : ''
    logged.push(message + cause)
  }
  const log: Log = { debug: () => {}, info: () => {}, warn: keep, error: keep }
  const counters: ServerCounters = {
    connections: { current: 0, created: 0 },
    network: { bytesIn: 0, bytesOut: 0, requests: 0 },
  }
  const compressors = await loadCompressors()
  const fixed = { hosts: ['127.0.0.1'], port: 0, compressors, counters, env: systemEnv }
  const listener = await listen({ ...fixed, handle, log, ...options })
  open.push({ close: () => listener.close({ waitMs: 0 }) })
  return { listener, counters, logged, connect: () => RawClient.to({ host: '127.0.0.1', port: listener.port ?? 0 }) }
}

export interface RawReply {
  readonly requestId: number
  readonly responseTo: number
  readonly opCode: number
  /** 0 of anything but an OP_MSG. */
  readonly flags: number
  readonly document: Document
  readonly bytes: Buffer
}

export class RawClient {
  readonly socket: Socket
  /** Resolves when the server has closed the connection, or it broke. */
  readonly closed: Promise<void>
  /** What came and was not asked for yet. */
  #bytes: Buffer = Buffer.alloc(0)
  #chunks: Buffer[] = []
  #arrived: (() => void) | undefined
  #isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    this.closed = new Promise(resolve => {
      socket.on('close', () => {
        this.#isClosed = true
        this.#arrived?.()
        resolve()
      })
    })
    socket.on('data', chunk => {
      this.#chunks.push(chunk)
      this.#arrived?.()
    })
    open.push({ close: async () => void socket.destroy() })
  }

  static async to(target: { host: string; port: number } | { path: string }): Promise<RawClient> {
    const socket = connect({ ...target, noDelay: true })
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  send(...frames: Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** The next reply, or `closed` when there is none before the connection ends. */
  async next(): Promise<RawReply | 'closed'> {
    for (;;) {
      const bytes = this.#take()
      if (bytes !== undefined) return readReply(bytes)
      if (this.#isClosed) return 'closed'
      await new Promise<void>(resolve => (this.#arrived = resolve))
    }
  }

  /** The next whole message, if it has come. */
  #take(): Buffer | undefined {
    const come = this.#chunks.reduce((sum, { length }) => sum + length, this.#bytes.length)
    const missing = this.#bytes.length < 4 ? 4 : this.#bytes.readInt32LE(0)
    if (come < missing) return undefined
    this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks.splice(0)])
    const length = this.#bytes.readInt32LE(0)
    if (this.#bytes.length < length) return undefined
    const frame = this.#bytes.subarray(0, length)
    this.#bytes = this.#bytes.subarray(length)
    return frame
  }

  /** The document of the next reply. */
  async document(): Promise<Document> {
    const answer = await this.next()
    if (answer === 'closed') throw new Error('the connection was closed')
    return answer.document
  }

  async ask(command: Document): Promise<Document> {
    this.send(msg(command))
    return this.document()
  }
}

function readReply(bytes: Buffer): RawReply {
  const opCode = bytes.readInt32LE(12)
  const flags = opCode === 2013 ? bytes.readUInt32LE(16) : 0
  const start = opCode === 2013 ? 21 : 36
  const document = opCode === 2012 ? {} : deserialize(bytes.subarray(start, start + bytes.readInt32LE(start)))
  return { requestId: bytes.readInt32LE(4), responseTo: bytes.readInt32LE(8), opCode, flags, document, bytes }
}

/** A promise, and how it is settled from outside. */
export function gate<T = void>(): { readonly promise: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => {}
  const promise = new Promise<T>(resolve => (open = resolve))
  return { promise, open: value => open(value) }
}
