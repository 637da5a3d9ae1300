/** The other end of a connection, which sends whatever bytes it likes and reads whole messages. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { deserialize, type Document } from 'bson'

export interface PeerReply {
  readonly flags: number
  readonly document: Document
}

export class Peer {
  readonly socket: Socket
  /** Resolves when the server has closed the connection, or it broke. */
  readonly closed: Promise<void>
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
  }

  static async to(target: { host: string; port: number } | { path: string }): Promise<Peer> {
    const socket = connect({ ...target, noDelay: true })
    const peer = new Peer(socket)
    await once(socket, 'connect')
    // What is left open keeps nobody from ending.
    socket.unref()
    return peer
  }

  send(...frames: Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** The next reply, or `closed` when there is none before the connection ends. */
  async next(): Promise<PeerReply | 'closed'> {
    this.socket.ref()
    try {
      for (;;) {
        const bytes = this.#take()
        if (bytes !== undefined) return { flags: bytes.readUInt32LE(16), document: documentIn(bytes) }
        if (this.#isClosed) return 'closed'
        await new Promise<void>(resolve => (this.#arrived = resolve))
      }
    } finally {
      this.socket.unref()
    }
  }

  /** The next whole message, if it has come. */
  #take(): Buffer | undefined {
    const come = this.#chunks.reduce((sum, { length }) => sum + length, 0)
    if (come < 4) return undefined
    if ((this.#chunks[0] as Buffer).length < 4) this.#chunks = [Buffer.concat(this.#chunks)]
    const length = (this.#chunks[0] as Buffer).readInt32LE(0)
    if (come < length) return undefined
    const whole = Buffer.concat(this.#chunks)
    this.#chunks = whole.length > length ? [whole.subarray(length)] : []
    return whole.subarray(0, length)
  }

  /** The document of the next reply. */
  async document(): Promise<Document> {
    const reply = await this.next()
    if (reply === 'closed') throw new Error('the connection was closed')
    return reply.document
  }
}

const opReply = 1

function documentIn(bytes: Buffer): Document {
  const start = bytes.readInt32LE(12) === opReply ? 36 : 21
  return deserialize(bytes.subarray(start, start + bytes.readInt32LE(start)))
}
