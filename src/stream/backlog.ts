/** What a change stream has seen and its client has not taken yet, oldest first. */
import { comparePositions, type Position } from '../storage/engine.ts'
import type { BacklogBudget } from './backlog-budget.ts'
import type { Item } from './view.ts'

/** Taken items leave the array when they are this many and half of it. */
const compactCountMin = 1024

export class Backlog {
  readonly #budget: BacklogBudget
  /** The places of the first #taken are empty. */
  #items: (Item | undefined)[] = []
  #taken = 0
  #bytes = 0

  /** Its bytes are counted in `budget`. */
  constructor(budget: BacklogBudget) {
    this.#budget = budget
  }

  get isEmpty(): boolean {
    return this.#taken === this.#items.length
  }

  /** How many items wait. */
  get count(): number {
    return this.#items.length - this.#taken
  }

  /** Bytes of its documents. */
  get bytes(): number {
    return this.#bytes
  }

  /** The oldest item; undefined when there is none. */
  get first(): Item | undefined {
    return this.#items[this.#taken]
  }

  push(items: readonly Item[]): void {
    let bytes = 0
    for (const item of items) {
      this.#items.push(item)
      bytes += bytesOf(item)
    }
    this.#grow(bytes)
  }

  /** Lets the oldest item go. */
  drop(): void {
    this.#grow(-bytesOf(this.first))
    this.#items[this.#taken] = undefined
    this.#taken++
    if (this.#taken < compactCountMin || this.#taken * 2 < this.#items.length) return
    this.#items = this.#items.slice(this.#taken)
    this.#taken = 0
  }

  /** Lets go of everything behind `position`. */
  dropBehind(position: Position): void {
    const kept: Item[] = []
    for (const item of this.#items.slice(this.#taken)) {
      if (item !== undefined && comparePositions(item.position, position) <= 0) kept.push(item)
    }
    this.clear()
    this.push(kept)
  }

  clear(): void {
    this.#items = []
    this.#taken = 0
    this.#grow(-this.#bytes)
  }

  #grow(bytes: number): void {
    this.#bytes += bytes
    this.#budget.add(bytes)
  }
}

const bytesOf = (item: Item | undefined): number =>
  item === undefined || item.kind === 'error' ? 0 : (item.document?.length ?? 0)
