/**
 * Cuts the bytes of a socket into frames. A socket gives its bytes in chunks of its own size; a frame begins with a header
 * that says its length.
 *
 *   chunk ──▶ whole frames inside it: views, nothing copied
 *         └─▶ a frame that goes on in the next chunk: collected in a buffer, which grows as its bytes really come
 *
 * A length is no reason to make room: whoever announces 48 MB and sends little gets a small buffer.
 */
import { decodeFrameLength, headerBytes } from '../wire/message.ts'

/** The first buffer of a frame in pieces, unless the frame is smaller. */
const collectedBytesMin = 64 * 1024

/** A full buffer grows to so many times what has come: few copies, and the sender has paid for the room. */
const growth = 8

export class FrameReader {
  #whole: Uint8Array[] = []
  /** The frame that has begun and not ended: its first bytes, and how many they are. */
  #begun: Buffer = Buffer.alloc(0)
  #begunBytes = 0
  /** What the begun frame says of itself; undefined until its header is there. */
  #begunLength: number | undefined

  /** How many frames are there to be taken. */
  get count(): number {
    return this.#whole.length
  }

  /** The oldest whole frame, once; undefined until more bytes come. */
  next(): Uint8Array | undefined {
    return this.#whole.shift()
  }

  /**
   * The next bytes of the socket, which nobody may change any more.
   *
   * @throws CommandError ProtocolError for a header that no message can have. Nothing can be read after it.
   */
  push(chunk: Uint8Array): void {
    let at = this.#begunBytes === 0 ? 0 : this.#collect(chunk, 0)
    while (at < chunk.length) {
      const available = chunk.length - at
      const length = available < headerBytes ? undefined : decodeFrameLength(chunk, at)
      if (length === undefined || length > available) at = this.#collect(chunk, at)
      else {
        this.#whole.push(length === chunk.length ? chunk : chunk.subarray(at, at + length))
        at += length
      }
    }
  }

  /** Adds to the begun frame what belongs to it from `at` on. Where the next one begins. */
  #collect(chunk: Uint8Array, at: number): number {
    if (this.#begunLength === undefined) {
      at = this.#take(chunk, at, headerBytes)
      if (this.#begunBytes < headerBytes) return at
      this.#begunLength = decodeFrameLength(this.#begun, 0)
    }
    const next = this.#take(chunk, at, this.#begunLength)
    if (this.#begunBytes === this.#begunLength) {
      this.#whole.push(this.#begun)
      this.#begun = Buffer.alloc(0)
      this.#begunBytes = 0
      this.#begunLength = undefined
    }
    return next
  }

  /** Copies from `at` on until the begun frame has `wanted` bytes or the chunk ends. Where it stopped. */
  #take(chunk: Uint8Array, at: number, wanted: number): number {
    const next = Math.min(chunk.length, at + wanted - this.#begunBytes)
    const filled = this.#begunBytes + next - at
    if (filled > this.#begun.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(wanted, Math.max(collectedBytesMin, growth * filled)))
      grown.set(this.#begun.subarray(0, this.#begunBytes))
      this.#begun = grown
    }
    this.#begun.set(chunk.subarray(at, next), this.#begunBytes)
    this.#begunBytes = filled
    return next
  }
}
