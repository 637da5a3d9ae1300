/**
 * One socket: bytes in, one request at a time in the order they came, bytes out.
 *
 *   chunk ─▶ FrameReader ─▶ unpack ─▶ decode ─▶ handle ─▶ encode ─▶ pack ─▶ socket
 *                 │                                │ ▲
 *                 └─ a second frame waits:         └─┘ exhaust: reply after reply, until one is the last
 *                    nothing more is read
 *
 * What is wrong inside a whole message is answered; what makes the next bytes meaningless, and a handler that throws,
 * closes this connection and no other. Nothing is kept for a silent connection but its socket.
 */
import type { Socket } from 'node:net'
import type { Env } from '../base/env.ts'
import { CommandError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'
import { doubleValue, encodeDocument } from '../bson/encode.ts'
import { firstElement } from '../bson/reader.ts'
import { documentValue } from '../bson/value.ts'
import { type Compressors, compressorIdOf, isCompressed, isCompressible } from '../wire/compression.ts'
import {
  allowsExhaust,
  type Contents,
  decodeContents,
  decodeEnvelope,
  encodeReply,
  type Envelope,
  isConnectionFatal,
  wantsNoReply,
} from '../wire/message.ts'
import { FrameReader } from './frames.ts'

/** What the client asked. The bytes are its own; nobody changes them. */
export interface Request extends Contents {
  /** It came as OP_QUERY, so it is a hello. */
  readonly isQuery: boolean
  /** The client takes several replies: a Reply's `next` will be asked. */
  readonly exhaustAllowed: boolean
  /** The client wants no reply; what `handle` gives is dropped. */
  readonly moreToCome: boolean
}

export interface Reply {
  /** The complete document; shared with the socket from now on. */
  readonly document: Uint8Array
  /** So many bytes in front of it, in its buffer, are nobody's: the head of the message goes there if it fits. */
  readonly room?: number
  /** There is another reply to the same request, if the client allowed that. Called when this one was sent. */
  readonly next?: (() => MaybePromise<Outcome>) | undefined
}

/** `close-connection` leaves the request without a reply. */
export type Outcome = Reply | 'close-connection'

/** Answers requests. It turns errors into replies by itself: what it throws closes the connection. */
export type Handle = (request: Request, client: ClientConnection) => MaybePromise<Outcome>

/** The client of one connection, for as long as that lives. */
export interface ClientConnection {
  /** Counts from 1 in the process. */
  readonly connectionId: number
  /** `host:port` where the client reached us, or the path of the Unix socket. */
  readonly reachedAt: string
  /** `host:port` of the client, or `unix`. */
  readonly remoteAddress: string
  /** Fires when the connection is gone: nobody waits for a reply any more. */
  readonly signal: AbortSignal
  /** The handshake's `client` document, kept by whoever handles hello; undefined before it. */
  metadata?: Uint8Array
  /** `client.application.name` of the handshake. */
  appName?: string
}

export interface ConnectionOptions {
  readonly connectionId: number
  readonly reachedAt: string
  readonly remoteAddress: string
  readonly handle: Handle
  readonly compressors: Compressors
  readonly network: NetworkCounters
  readonly env: Env
  readonly log: Log
}

/** Raised by every connection, by what really goes over the wire: bytes packed and framed, requests of all kinds. */
export interface NetworkCounters {
  bytesIn: number
  bytesOut: number
  requests: number
}

/**
 *   idle ──▶ executing ──▶ answering ──▶ streaming      and from each back to idle
 *
 * executing   a request runs that nobody waits for, or it is not known yet whether somebody does
 * answering   the client waits for the reply; when it leaves, the signal fires
 * streaming   a reply was sent and another one follows unasked
 */
type State = 'idle' | 'executing' | 'answering' | 'streaming'

export class Connection {
  readonly client: ClientConnection
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #frames = new FrameReader()
  readonly #gone = new AbortController()
  #state: State = 'idle'
  /** We shall take up no further request. */
  #closing = false
  /** The client sends nothing more and takes nothing more. What it sent before still counts. */
  #left = false
  /** Of our own messages. */
  #requestId = 0
  /** Called when the socket has passed on what it was given, or the client has left. */
  #onDrain: (() => void) | undefined

  /** Begins to read at once. */
  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    const { connectionId, reachedAt, remoteAddress, log } = options
    this.client = { connectionId, reachedAt, remoteAddress, signal: this.#gone.signal }
    socket.on('data', chunk => this.#read(chunk))
    socket.on('drain', () => this.#onDrain?.())
    socket.on('end', () => this.#leave())
    socket.on('close', () => this.#leave())
    socket.on('error', error => log.debug({ connectionId, err: error }, 'the connection broke'))
  }

  /** Finishes the request that is being handled and closes; at once when there is none, or replies follow unasked. */
  close(): void {
    this.#closing = true
    if (this.#state === 'idle' || this.#state === 'streaming') this.#socket.destroySoon()
  }

  /** Closes at once; what is being handled is aborted. */
  destroy(): void {
    this.#socket.destroy()
    this.#abort()
  }

  #abort(): void {
    this.#left = true
    if (!this.#gone.signal.aborted) {
      this.#gone.abort(new CommandError('ClientDisconnect', 'the client has closed its connection'))
    }
    this.#onDrain?.()
  }

  // A client that writes without waiting and then closes has done nothing wrong: those writes are still to be made, so
  // the signal does not fire under them.
  #leave(): void {
    if (this.#state === 'executing') this.#left = true
    else this.#abort()
  }

  #read(chunk: Buffer): void {
    this.#options.network.bytesIn += chunk.length
    if (this.#closing) return
    try {
      this.#frames.push(chunk)
    } catch (error) {
      return this.#fail(error)
    }
    if (this.#state === 'idle') this.#answerAll()
    else if (this.#frames.count > 0) this.#socket.pause()
  }

  /** Handles the frames that are there, and those that come meanwhile. */
  #answerAll(): void {
    try {
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
        this.#state = 'executing'
        this.#options.network.requests++
        const answered = this.#answer(frame)
        if (answered !== undefined) {
          answered.then(() => this.#mayGoOn() && this.#answerAll()).catch(error => this.#fail(error))
          return
        }
        if (!this.#mayGoOn()) return
      }
    } catch (error) {
      return this.#fail(error)
    }
    this.#rest()
  }

  /** Whether the next frame is to be handled, now that one was. */
  #mayGoOn(): boolean {
    if (this.#gone.signal.aborted) return false
    if (!this.#closing) return true
    this.#socket.destroySoon()
    this.#rest()
    return false
  }

  /** There is nothing to handle. */
  #rest(): void {
    this.#state = 'idle'
    if (this.#left) this.#abort()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  /** Undefined when it is answered already, in full and taken by the socket: most requests wait for nothing but their handling. */
  #answer(frame: Uint8Array): Promise<void> | undefined {
    if (!isCompressed(frame)) return this.#answerPlain(frame, undefined)
    const { compressors } = this.#options
    return compressors.unwrap(frame).then(plain => this.#answerPlain(plain, compressorIdOf(frame)))
  }

  #answerPlain(plain: Uint8Array, compressorId: number | undefined): Promise<void> | undefined {
    const envelope = decodeEnvelope(plain)
    if (!wantsNoReply(envelope)) {
      if (this.#left) {
        this.#abort()
        return undefined
      }
      this.#state = 'answering'
    }
    const contents = decodeOrRefuse(plain, envelope)
    if (contents instanceof CommandError) return this.#send({ document: encodeRefusal(contents) }, { envelope })
    const isPacked = compressorId !== undefined && mayPack(contents)
    const destination = { envelope, compressorId: isPacked ? compressorId : undefined }
    const outcome = this.#options.handle(requestOf(envelope, contents), this.client)
    return outcome instanceof Promise
      ? outcome.then(handled => this.#send(handled, destination))
      : this.#send(outcome, destination)
  }

  /** Sends a reply, and those after it where there are any and the client takes them. Undefined when that is done. */
  #send(outcome: Outcome, destination: Destination): Promise<void> | undefined {
    if (outcome === 'close-connection') {
      this.destroy()
      return undefined
    }
    if (this.#state === 'executing' || this.#gone.signal.aborted) return undefined
    const sent = this.#sendOne(outcome, destination, destination.envelope.requestId)
    return sent.next === undefined ? sent.taken : this.#stream(sent, destination)
  }

  /** The replies after one that was sent. */
  async #stream(first: Sent, destination: Destination): Promise<void> {
    for (let sent = first; ;) {
      await sent.taken
      if (sent.next === undefined) return
      this.#state = 'streaming'
      // Replies that lie ready would otherwise follow each other for as long as the client takes them, and nobody else
      // would be served meanwhile.
      await this.#options.env.yieldTurn()
      if (this.#gone.signal.aborted) return
      const outcome = await sent.next()
      if (outcome === 'close-connection') return this.destroy()
      if (this.#gone.signal.aborted) return
      sent = this.#sendOne(outcome, destination, sent.requestId)
    }
  }

  #sendOne(reply: Reply, { envelope, compressorId }: Destination, responseTo: number): Sent {
    const next = allowsExhaust(envelope) && !this.#closing ? reply.next : undefined
    const requestId = (this.#requestId = (this.#requestId + 1) & 0x7fffffff)
    const plain = encodeReply(reply, { envelope, requestId, responseTo, moreToCome: next !== undefined })
    const taken =
      compressorId === undefined
        ? this.#give(plain)
        : this.#options.compressors.wrap(plain, compressorId).then(parts => this.#give(parts))
    return { requestId, next, taken }
  }

  /** Undefined when the socket has room for more. */
  #give(parts: readonly Uint8Array[]): Promise<void> | undefined {
    return this.#write(parts) ? undefined : this.#drained()
  }

  /** False when the socket holds more than it should. */
  #write(parts: readonly Uint8Array[]): boolean {
    if (this.#gone.signal.aborted) return true
    let hasRoom = true
    if (parts.length > 1) this.#socket.cork()
    for (const part of parts) {
      this.#options.network.bytesOut += part.length
      hasRoom = this.#socket.write(part)
    }
    if (parts.length > 1) this.#socket.uncork()
    return hasRoom
  }

  /** Nothing is handled for a client that does not take what it was given; so what waits for it is one reply. */
  #drained(): Promise<void> {
    return new Promise(resolve => {
      this.#onDrain = () => {
        this.#onDrain = undefined
        resolve()
      }
    })
  }

  /** Bytes or a handler that cannot be gone on with. */
  #fail(error: unknown): void {
    const { connectionId, log } = this.#options
    if (error instanceof CommandError && isConnectionFatal(error)) {
      log.warn({ connectionId, err: error }, 'the connection is closed: its bytes are not understood')
    } else log.error({ connectionId, err: error }, 'the connection is closed: its request was not answered')
    this.destroy()
  }
}

/** In which form, and how packed, a reply goes back. */
interface Destination {
  readonly envelope: Envelope
  /** Undefined for a plain reply. */
  readonly compressorId?: number | undefined
}

/** A reply on its way. */
interface Sent {
  readonly requestId: number
  /** Gives the one after it; undefined when it was the last. */
  readonly next: Reply['next']
  /** Resolves when the socket has passed it on; undefined when it has room. */
  readonly taken: Promise<void> | undefined
}

function decodeOrRefuse(frame: Uint8Array, envelope: Envelope): Contents | CommandError {
  try {
    return decodeContents(frame, envelope)
  } catch (error) {
    if (error instanceof CommandError && !isConnectionFatal(error)) return error
    throw error
  }
}

const requestOf = (envelope: Envelope, { body, sequences }: Contents): Request => ({
  body,
  sequences,
  isQuery: envelope.kind === 'query',
  exhaustAllowed: allowsExhaust(envelope),
  moreToCome: wantsNoReply(envelope),
})

/** Only the replies of commands whose names are known not to forbid it. */
function mayPack(contents: Contents | CommandError): boolean {
  if (contents instanceof CommandError) return false
  const first = firstElement(documentValue(contents.body))
  return first !== undefined && isCompressible(first[0])
}

/** The reply to a message whose documents never became a command. */
const encodeRefusal = ({ message, code, codeName }: CommandError): Uint8Array =>
  encodeDocument({ ok: doubleValue(0), errmsg: message, code, codeName })
