/** One scan over two ordered maps, of which the second has the last word on each key. */
import { stoppedByLimits } from './engine.ts'
import type { KeyValue, Range, ScanLimits } from './engine.ts'

/** The map that has the last word. */
export interface Own {
  /** All entries of a range, in its order. */
  scan(range: Range): readonly KeyValue[]
  /** Whether this value says that there is nothing under its key. */
  isDeletion(value: Uint8Array): boolean
}

/**
 * As Reader.scan; the pages of the other map come from outside, so that it does not matter whether that answers at once:
 *
 *   while (!scan.isDone) scan.take(<what the other map has of scan.rest, within the limits>)
 */
export class BothScan {
  readonly found: KeyValue[] = []
  readonly #own: Own
  readonly #limits: ScanLimits
  #rest: Range
  #bytes = 0
  #isDone = false

  constructor(own: Own, range: Range, limits: ScanLimits) {
    this.#own = own
    this.#rest = range
    this.#limits = limits
  }

  /** Whether `found` is all that was asked for. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** What is still to be looked at. */
  get rest(): Range {
    return this.#rest
  }

  /** Goes on with a page of the other map. */
  take(page: readonly KeyValue[]): void {
    const { countMax, bytesMax } = this.#limits
    const { reverse = false } = this.#rest
    const last = stoppedByLimits(page, this.#limits) ? page.at(-1) : undefined
    // As far as the page reaches nothing more comes from the other map.
    const [covered, next] = last === undefined ? [this.#rest, undefined] : splitBehind(this.#rest, last.key)
    for (const entry of merge(page, this.#own.scan(covered), reverse)) {
      if (this.#own.isDeletion(entry.value)) continue
      this.found.push(entry)
      this.#bytes += entry.key.length + entry.value.length
      this.#isDone = this.found.length >= countMax || this.#bytes >= bytesMax
      if (this.#isDone) return
    }
    if (next === undefined) this.#isDone = true
    else this.#rest = next
  }
}

/** The range up to `key` in its direction, the key included, and what is left of it. */
function splitBehind({ from, to, reverse = false }: Range, key: Uint8Array): [covered: Range, rest: Range] {
  if (reverse) {
    return [
      { from: key, to, reverse },
      { from, to: key, reverse },
    ]
  }
  const behind = new Uint8Array(key.length + 1)
  behind.set(key)
  return [
    { from, to: behind },
    { from: behind, to },
  ]
}

/** Both in their order; of two with the same key the one of `over`. */
function* merge(under: readonly KeyValue[], over: readonly KeyValue[], reverse: boolean): Generator<KeyValue> {
  let next = 0
  for (const entry of under) {
    let isReplaced = false
    for (; next < over.length; next++) {
      const other = over[next] as KeyValue
      const order = Buffer.compare(other.key, entry.key)
      if (reverse ? order < 0 : order > 0) break
      yield other
      if (order === 0) isReplaced = true
    }
    if (!isReplaced) yield entry
  }
  yield* over.slice(next)
}
