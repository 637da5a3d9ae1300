/** What a cursor iterates over, seen from the cursor. */
import type { Encodable } from '../bson/encode.ts'
import { batchBytesMax } from '../base/limits.ts'
import type { Pace } from '../base/pace.ts'
import type { MaybePromise } from '../base/maybe-promise.ts'

export interface BatchLimits {
  /** Infinity for no limit; 0 gives an empty batch and does no work. */
  readonly countMax: number
  /** For sources that wait: how long to wait for a first document, in milliseconds. */
  readonly waitMs: number
  /** Ends the wait and the work. */
  readonly signal: AbortSignal
  /** Throws what `signal` fired for. */
  check(): void
}

export interface Batch {
  readonly documents: readonly Uint8Array[]
  /** Nothing will ever follow: the reply's cursor id is 0. */
  readonly exhausted: boolean
  /** Further fields of the reply's `cursor`, in front of `id`: postBatchResumeToken, invalidated. */
  readonly extra?: Readonly<Record<string, Encodable>>
}

export interface CursorSource {
  /** Whether it waits for data when it has none: only such a cursor may be asked with maxTimeMS. */
  readonly awaitsData: boolean
  /** Whether it stays open at the end of what it reads; one that awaits data does, whatever it says here. */
  readonly isTailable?: boolean
  /** At most one call at a time. If it throws, the source is finished. */
  next(limits: BatchLimits): MaybePromise<Batch>
  /** Lets everything go. Called once, also after `next` threw, and maybe while `next` runs. */
  close(): void
}

/** What an item of the reply's array weighs besides its document: its type, its index as text, and the 00 behind that. */
const itemHeadBytes = 8

/** The documents of one batch: no more than were asked for, and no more than fit into one reply. */
export class BatchDocuments {
  readonly documents: Uint8Array[] = []
  readonly #countMax: number
  #bytes = 0

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  /** What they take in the reply. */
  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.documents.length === 0
  }

  /** Whether there are as many as were asked for. */
  get isFull(): boolean {
    return this.documents.length >= this.#countMax
  }

  /** Adds a document; false when it does not fit. The first fits, however large it is. */
  add(document: Uint8Array): boolean {
    const bytes = document.length + itemHeadBytes
    if (this.isFull || (!this.isEmpty && this.#bytes + bytes > batchBytesMax)) return false
    this.#bytes += bytes
    this.documents.push(document)
    return true
  }
}

/** Documents that are there already. */
export const sourceOf = (documents: readonly Uint8Array[]): CursorSource => new Documents(documents)

class Documents implements CursorSource {
  readonly awaitsData = false
  readonly #documents: readonly Uint8Array[]
  #taken = 0

  constructor(documents: readonly Uint8Array[]) {
    this.#documents = documents
  }

  next({ countMax }: BatchLimits): Batch {
    const documents = this.#documents
    const batch = new BatchDocuments(countMax)
    while (this.#taken < documents.length && batch.add(documents[this.#taken] as Uint8Array)) this.#taken++
    return { documents: batch.documents, exhausted: this.#taken === documents.length }
  }

  close(): void {
    this.#taken = this.#documents.length
  }
}

/** What comes after the documents that were given. */
type Ahead =
  | { readonly kind: 'document'; readonly document: Uint8Array }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'end' }

/**
 * Documents that are made when asked for, at `pace`, which serves whoever asks. A document that does not fit into one batch begins
 * the next.
 */
export function sourceFrom(iterable: AsyncIterable<Uint8Array>, pace: Pace): CursorSource {
  const iterator = iterable[Symbol.asyncIterator]()
  let ahead: Ahead | undefined
  const pull = async (): Promise<Ahead> => {
    try {
      const { done, value } = await iterator.next()
      return done === true ? { kind: 'end' } : { kind: 'document', document: value }
    } catch (error) {
      return { kind: 'error', error }
    }
  }
  return {
    awaitsData: false,
    async next({ countMax, check }) {
      pace.serve(check)
      const batch = new BatchDocuments(countMax)
      for (;;) {
        if (ahead === undefined) {
          if (countMax === 0) break
          check()
          // One document is asked for ahead, so that a batch that ends the result says so and saves the client a getMore. An
          // error there belongs to the next batch.
          ahead = await pull()
          // Unless it is that this caller is to stop.
          if (ahead.kind === 'error') check()
        }
        if (ahead.kind === 'error' && !batch.isFull) throw ahead.error
        if (ahead.kind !== 'document' || !batch.add(ahead.document)) break
        ahead = undefined
      }
      return { documents: batch.documents, exhausted: ahead?.kind === 'end' }
    },
    close() {
      ahead = { kind: 'end' }
      // Nobody asks any more, so nobody is concerned by what goes wrong while it lets go.
      void iterator.return?.().then(undefined, () => undefined)
    },
  }
}
