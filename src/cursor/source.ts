/** What a cursor iterates over, seen from the cursor. */
import type { Encodable } from '../bson/encode.ts'
import { batchBytesMax } from '../base/limits.ts'

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
  /** At most one call at a time. If it throws, the source is finished. */
  next(limits: BatchLimits): Promise<Batch>
  /** Lets everything go. Called once, also after `next` threw. */
  close(): void
}

/** Documents that are there already. */
export function sourceOf(documents: readonly Uint8Array[]): CursorSource {
  let taken = 0
  return {
    awaitsData: false,
    async next({ countMax }) {
      const batch: Uint8Array[] = []
      let bytes = 0
      while (taken < documents.length && batch.length < countMax) {
        const document = documents[taken] as Uint8Array
        if (batch.length > 0 && bytes + document.length > batchBytesMax) break
        bytes += document.length
        batch.push(document)
        taken++
      }
      return { documents: batch, exhausted: taken === documents.length }
    },
    close() {
      taken = documents.length
    },
  }
}

/** Documents that are made when asked for. A document that does not fit into one batch begins the next. */
export function sourceFrom(iterable: AsyncIterable<Uint8Array>): CursorSource {
  const iterator = iterable[Symbol.asyncIterator]()
  let ahead: Uint8Array | undefined
  let isAtEnd = false
  const pull = async () => {
    const { done, value } = await iterator.next()
    if (done === true) isAtEnd = true
    else ahead = value
  }
  return {
    awaitsData: false,
    async next({ countMax, check }) {
      const batch: Uint8Array[] = []
      let bytes = 0
      while (batch.length < countMax && !isAtEnd) {
        if (ahead === undefined) {
          check()
          await pull()
        }
        if (ahead === undefined) break
        if (batch.length > 0 && bytes + ahead.length > batchBytesMax) break
        bytes += ahead.length
        batch.push(ahead)
        ahead = undefined
      }
      // One document is asked for ahead, so that a batch that ends the result says so and saves the client a getMore.
      if (!isAtEnd && ahead === undefined && countMax > 0) await pull()
      return { documents: batch, exhausted: isAtEnd && ahead === undefined }
    },
    close() {
      isAtEnd = true
      ahead = undefined
      void iterator.return?.()
    },
  }
}
