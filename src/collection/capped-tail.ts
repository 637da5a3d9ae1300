/** Follows a capped collection: its documents in the order in which they came, and then those that come. */
import { CommandError } from '../base/errors.ts'
import { scanBatchBytesMax } from '../base/limits.ts'
import type { Pace } from '../base/pace.ts'
import type { Match } from '../query/match.ts'
import { readCappedState } from './capped.ts'
import { keyAfter, rangeOf } from './keys.ts'
import { showNamespace, type Namespace } from './namespace.ts'
import { withSnapshot, type Store } from './store.ts'

export interface TailOptions {
  readonly match: Match
  readonly skip: number
  /** Infinity for none. */
  readonly limit: number
  readonly project: (document: Uint8Array) => Uint8Array
  readonly pace: Pace
}

/** One piece of what there is. */
export interface TailPiece {
  readonly documents: readonly Uint8Array[]
  /** More is there already; may be so without documents, when none of the piece matched. */
  readonly goesOn: boolean
  /** Nothing will ever follow. */
  readonly isOver: boolean
}

export class CappedTail {
  readonly pace: Pace
  readonly #store: Store
  readonly #namespace: Namespace
  readonly #collectionId: number
  readonly #options: TailOptions
  /** The last record that was seen, matching or not; undefined before the first. */
  #seen: Uint8Array | undefined
  /** The place of the next document, when the end was seen last. */
  #next = 0n
  #matched = 0

  constructor(
    store: Store,
    { namespace, id }: { readonly namespace: Namespace; readonly id: number },
    options: TailOptions,
  ) {
    this.#store = store
    this.pace = options.pace
    this.#namespace = namespace
    this.#collectionId = id
    this.#options = options
  }

  /**
   * What comes next. Over behind the limit, and in a collection that was empty from the start: there is no place in it to wait
   * at. Source: MongoDB, tailable cursors.
   *
   * @throws CommandError CappedPositionLost when the last document seen is gone, QueryPlanKilled when the collection is.
   */
  async read(): Promise<TailPiece> {
    const { match, skip, limit, project } = this.#options
    const isRest = this.#seen !== undefined
    const records = await this.#readRecords()
    const documents: Uint8Array[] = []
    for (const { value } of records) {
      const pause = this.pace.step()
      if (pause !== undefined) await pause
      if (!match(value) || this.#matched++ < skip) continue
      documents.push(project(value))
      if (this.#matched - skip >= limit) return { documents, goesOn: false, isOver: true }
    }
    return { documents, goesOn: records.length > 0, isOver: !isRest && records.length === 0 }
  }

  #readRecords() {
    return withSnapshot(this.#store, async snapshot => {
      const info = await this.#store.catalog.find(snapshot, this.#namespace)
      if (info?.id !== this.#collectionId) {
        throw new CommandError('QueryPlanKilled', `collection dropped or renamed: ${showNamespace(this.#namespace)}`)
      }
      const range = rangeOf(info.id)
      const seen = this.#seen
      if (seen !== undefined && (await snapshot.get('records', seen)) === undefined) {
        throw new CommandError(
          'CappedPositionLost',
          'CollectionScan died due to position in capped collection being deleted',
        )
      }
      const from = seen === undefined ? range.from : keyAfter(seen)
      const records = await snapshot.scan('records', { ...range, from }, limits)
      this.#seen = records.at(-1)?.key ?? seen
      if (records.length === 0) this.#next = (await readCappedState(snapshot, info.id)).next
      return records
    })
  }

  /** Waits for a document behind the end that was seen last, at most `waitMs`, or until `signal` fires. */
  awaitMore(options: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<void> {
    return this.#store.cappedNews.wait(this.#collectionId, this.#next, options)
  }
}

const limits = { countMax: 1000, bytesMax: scanBatchBytesMax }
