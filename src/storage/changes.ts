/** What one write body, or a group of them, wants to be different: the last word on each key. */
import type { Space } from './engine.ts'

export interface Change {
  readonly key: Uint8Array
  /** Undefined for a deletion. */
  readonly value: Uint8Array | undefined
}

const { latin1Slice } = Buffer.prototype as Buffer & {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string
}

/** A string for each key that no other key has, to look it up by. */
export function nameOf(key: Uint8Array): string {
  return latin1Slice.call(key, 0, key.length)
}

export class Changes {
  readonly #spaces = new Map<Space, Map<string, Change>>()
  #bytes = 0

  /** About what they weigh: keys and values, replaced ones included. */
  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#spaces.size === 0
  }

  /** The change of that key; undefined when it stays as it is. Asking for a key of a space without changes costs nothing. */
  find(space: Space, key: Uint8Array): Change | undefined {
    return this.#spaces.get(space)?.get(nameOf(key))
  }

  /** Whether anything of that space changes. */
  has(space: Space): boolean {
    return this.#spaces.has(space)
  }

  /** The changes of one space. */
  of(space: Space): Iterable<Change> {
    return this.#spaces.get(space)?.values() ?? []
  }

  add(space: Space, change: Change): void {
    let changes = this.#spaces.get(space)
    if (changes === undefined) this.#spaces.set(space, (changes = new Map()))
    changes.set(nameOf(change.key), change)
    this.#bytes += change.key.length + (change.value?.length ?? 0)
  }

  /** Adds what came later and has the last word. `later` is used up by it. */
  addAll(later: Changes): void {
    for (const [space, theirs] of later.#spaces) {
      const ours = this.#spaces.get(space)
      if (ours === undefined) this.#spaces.set(space, theirs)
      else for (const [name, change] of theirs) ours.set(name, change)
    }
    this.#bytes += later.#bytes
  }

  /** One that makes of a state what these make of it, one after the other. They stay as they are. */
  static merged(all: readonly Changes[]): Changes {
    const [first, second] = all
    if (first !== undefined && second === undefined) return first
    const merged = new Changes()
    for (const changes of all) {
      for (const [space, theirs] of changes.#spaces) {
        const ours = merged.#spaces.get(space)
        if (ours === undefined) merged.#spaces.set(space, new Map(theirs))
        else for (const [name, change] of theirs) ours.set(name, change)
      }
      merged.#bytes += changes.#bytes
    }
    return merged
  }

  *[Symbol.iterator](): Generator<[Space, Change]> {
    for (const [space, changes] of this.#spaces) for (const change of changes.values()) yield [space, change]
  }
}
