/** The first or the last few of a sequence under some order, without holding more than those few. */

export interface Entry<Key, Item> {
  readonly key: Key
  readonly item: Item
  /** Its place among all that were added: equal keys are in this order. */
  readonly sequence: number
}

/**
 * Holds the `countMax` entries with the smallest keys (`end` is 'first') or the greatest ('last'). Between equal keys, one
 * that is held stays and a newcomer goes. It is a heap whose root is the entry that would go next.
 */
export class Extremes<Key, Item> {
  readonly #compare: (a: Key, b: Key) => number
  readonly #sense: 1 | -1
  readonly #countMax: number
  readonly #heap: Entry<Key, Item>[] = []
  #sequence = 0

  constructor(end: 'first' | 'last', countMax: number, compare: (a: Key, b: Key) => number) {
    this.#compare = compare
    this.#sense = end === 'first' ? 1 : -1
    this.#countMax = countMax
  }

  /** Whether `add` would hold an entry of this key. */
  accepts(key: Key): boolean {
    const root = this.#heap[0]
    if (this.#heap.length < this.#countMax || root === undefined) return this.#countMax > 0
    return this.#compare(key, root.key) * this.#sense < 0
  }

  /** Holds an entry that `accepts` said yes to; gives the one that has to go for it, if there is one. */
  add(key: Key, item: Item): Entry<Key, Item> | undefined {
    const entry = { key, item, sequence: this.#sequence++ }
    if (this.#heap.length < this.#countMax) {
      this.#heap.push(entry)
      // Without a bound nothing ever goes, so there is no root to find.
      if (this.#countMax !== Infinity) this.#up(this.#heap.length - 1)
      return undefined
    }
    const root = this.#heap[0]
    this.#heap[0] = entry
    this.#down(0)
    return root
  }

  /** In no order; the caller's from now on. */
  entries(): Entry<Key, Item>[] {
    return this.#heap
  }

  /** The order of two entries: of their keys, then of their coming. */
  readonly order = (a: Entry<Key, Item>, b: Entry<Key, Item>): number =>
    this.#compare(a.key, b.key) || a.sequence - b.sequence

  /** Whether the entry at `a` goes before the one at `b` does. */
  #worse(a: number, b: number): boolean {
    return this.order(this.#heap[a] as Entry<Key, Item>, this.#heap[b] as Entry<Key, Item>) * this.#sense > 0
  }

  #up(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1
      if (!this.#worse(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #down(from: number): void {
    for (let at = from; ;) {
      let worst = at
      for (const child of [at * 2 + 1, at * 2 + 2]) {
        if (child < this.#heap.length && this.#worse(child, worst)) worst = child
      }
      if (worst === at) return
      this.#swap(at, worst)
      at = worst
    }
  }

  #swap(a: number, b: number): void {
    const held = this.#heap[a] as Entry<Key, Item>
    this.#heap[a] = this.#heap[b] as Entry<Key, Item>
    this.#heap[b] = held
  }
}
