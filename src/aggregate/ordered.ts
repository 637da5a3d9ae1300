/** Documents in an order, all of them or the first few: what $sort and $sample do. */
import type { Pace } from '../base/pace.ts'
import { Extremes } from './extremes.ts'
import { MemoryBudget } from './memory-budget.ts'
import type { All, StageOptions } from './stage.ts'

/** About what an entry takes beside its document: itself, its key and the values in the key. */
const entryBytesOverhead = 200

export interface Ordering<Key> {
  readonly keyOf: (document: Uint8Array) => Key
  /** For keys that share the document's bytes: the same key out of a copy of the document. */
  readonly keyOfCopy?: (copy: Uint8Array) => Key
  readonly compare: (a: Key, b: Key) => number
}

/**
 * A stage that gives the first `countMax` documents in an order; documents of equal keys stay in the order they came in.
 * `holder` is the stage that a refusal for want of memory names.
 */
export function ordered<Key>(
  holder: string,
  ordering: Ordering<Key>,
  options: StageOptions,
  countMax: number = Infinity,
): All {
  const { keyOf, keyOfCopy, compare } = ordering
  return {
    kind: 'all',
    limitedTo: count => ordered(holder, ordering, options, Math.min(count, countMax)),
    async *run(documents, pace) {
      const memory = new MemoryBudget(holder, options)
      const first = new Extremes<Key, Uint8Array>('first', countMax, compare)
      try {
        for await (const document of documents) {
          const turn = pace.step()
          if (turn !== undefined) await turn
          const key = keyOf(document)
          if (!first.accepts(key)) continue
          const own = ownDocument(document)
          memory.take(own.length + entryBytesOverhead)
          const gone = first.add(own === document || keyOfCopy === undefined ? key : keyOfCopy(own), own)
          if (gone !== undefined) memory.give(gone.item.length + entryBytesOverhead)
        }
        for (const { item } of await sortInSteps(first.entries(), first.order, pace)) yield item
      } finally {
        memory.release()
      }
    },
  }
}

/**
 * The document in a buffer that it fills, more or less. A view of one document keeps alive the whole batch that it was
 * read in, which is not counted and can be a thousand times as much.
 */
function ownDocument(document: Uint8Array): Uint8Array {
  return document.buffer.byteLength <= document.length * 2 ? document : new Uint8Array(document)
}

/** How many items one step of a sort looks at: a few hundredths of a millisecond. */
const stepCount = 64

/**
 * `items` in the order of `compare`; equal ones stay as they are.
 *
 * A merge sort that merges two runs as soon as both are there, like the digits of a binary counter: what is merged next was
 * touched a moment ago. Going over all runs in passes is three times slower, as each pass waits for memory again.
 */
export async function sortInSteps<T>(items: readonly T[], compare: (a: T, b: T) => number, pace: Pace): Promise<T[]> {
  const sorted: T[] = []
  /** Where the sorted runs begin that are still to be merged. */
  const starts: number[] = []

  async function mergeLastTwo(): Promise<void> {
    const middle = starts.pop() ?? 0
    const merge = new Merge(sorted, starts.at(-1) ?? 0, middle)
    while (merge.step(compare)) {
      const turn = pace.step()
      if (turn !== undefined) await turn
    }
  }

  for (let start = 0; start < items.length; start += stepCount) {
    for (const item of items.slice(start, start + stepCount).toSorted(compare)) sorted.push(item)
    starts.push(start)
    for (let runs = start / stepCount + 1; runs % 2 === 0; runs /= 2) await mergeLastTwo()
    const turn = pace.step()
    if (turn !== undefined) await turn
  }
  while (starts.length > 1) await mergeLastTwo()
  return sorted
}

/** The two sorted runs at the end of an array, on their way to be one. */
class Merge<T> {
  readonly #items: T[]
  /** The left run, out of the way of what is put in its place. */
  readonly #left: readonly T[]
  #nextLeft = 0
  #nextRight: number
  #at: number

  /** The runs lie in [start, middle) and [middle, end of `items`). */
  constructor(items: T[], start: number, middle: number) {
    this.#items = items
    this.#left = items.slice(start, middle)
    this.#nextRight = middle
    this.#at = start
  }

  /** Puts some items in their places; false when all are. */
  step(compare: (a: T, b: T) => number): boolean {
    const items = this.#items
    const left = this.#left
    let nextLeft = this.#nextLeft
    let nextRight = this.#nextRight
    // When the left run is used up, the rest of the right one lies where it belongs.
    const stop = Math.min(this.#at + stepCount, items.length)
    let at = this.#at
    for (; at < stop && nextLeft < left.length; at++) {
      const takeLeft = nextRight === items.length || compare(left[nextLeft] as T, items[nextRight] as T) <= 0
      items[at] = takeLeft ? (left[nextLeft++] as T) : (items[nextRight++] as T)
    }
    this.#nextLeft = nextLeft
    this.#nextRight = nextRight
    this.#at = at
    return nextLeft < left.length
  }
}
