/** One sequence of documents for several readers, which are kept together: who is ahead waits for the others. */
import { fanOutPieceBytesMax } from '../base/limits.ts'

/** Documents that all readers get before any gets more; undefined behind the last. */
type Piece = readonly Uint8Array[] | undefined

const pieceCountMax = 64

/** What readers wait for. */
class Turn {
  readonly promise: Promise<Piece>
  resolve: (piece: Piece) => void = () => {}
  reject: (error: unknown) => void = () => {}

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }
}

export class FanOut {
  readonly #source: AsyncIterator<Uint8Array>
  #readerCount: number
  #waitingCount = 0
  #next = new Turn()
  #isEnded = false

  /** Each of the `readerCount` readers is to be read, to its end or until its reader stops. */
  constructor(documents: AsyncIterable<Uint8Array>, readerCount: number) {
    this.#source = documents[Symbol.asyncIterator]()
    this.#readerCount = readerCount
  }

  async *reader(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const piece = await this.#arrive()
        if (piece === undefined) return
        yield* piece
      }
    } finally {
      this.#readerCount--
      this.#goOn()
    }
  }

  /** No reader gets anything more. */
  async end(): Promise<void> {
    this.#isEnded = true
    this.#next.resolve(undefined)
    await this.#source.return?.()
  }

  #arrive(): Promise<Piece> {
    if (this.#isEnded) return Promise.resolve(undefined)
    const { promise } = this.#next
    this.#waitingCount++
    this.#goOn()
    return promise
  }

  /** The next piece is taken when nobody has any of the last one. */
  #goOn(): void {
    if (this.#isEnded || this.#readerCount === 0 || this.#waitingCount < this.#readerCount) return
    const { resolve, reject } = this.#next
    this.#next = new Turn()
    this.#waitingCount = 0
    this.#take().then(resolve, reject)
  }

  async #take(): Promise<Piece> {
    const piece: Uint8Array[] = []
    for (let bytes = 0; piece.length < pieceCountMax && bytes < fanOutPieceBytesMax;) {
      const { done, value } = await this.#source.next()
      if (done === true) break
      piece.push(value)
      bytes += value.length
    }
    return piece.length === 0 ? undefined : piece
  }
}
