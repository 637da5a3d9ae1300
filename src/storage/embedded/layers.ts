/**
 * What is durable in the journal and not in LMDB yet, group by group: each lies over those before it, and all of them over LMDB.
 *
 *   find, scan ─▶ newest layer ─▶ … ─▶ oldest layer ─▶ view of LMDB
 *
 * A list of layers never changes, so a snapshot keeps the one it began with.
 */
import { BothScan, type Own } from '../scan-both.ts'
import type { Change, Changes } from '../changes.ts'
import type { KeyValue, Range, ScanLimits, Space } from '../engine.ts'
import type { View } from './environment.ts'

/** What lies under a key that was removed; told from an empty value by being itself. */
const removed = new Uint8Array(0)

/** The changes of a group, in the order of their keys where somebody asked for it. */
export class Layer {
  readonly #changes: Changes
  readonly #sorted = new Map<Space, readonly Change[]>()

  /** Nobody may change `changes` any more. */
  constructor(changes: Changes) {
    this.#changes = changes
  }

  find(space: Space, key: Uint8Array): Change | undefined {
    return this.#changes.find(space, key)
  }

  has(space: Space): boolean {
    return this.#changes.has(space)
  }

  /** Those from `from` (inclusive) to `to` (exclusive), by key. */
  between(space: Space, { from, to }: Range): readonly Change[] {
    const sorted = this.#inOrder(space)
    return sorted.slice(firstFrom(sorted, from), firstFrom(sorted, to))
  }

  #inOrder(space: Space): readonly Change[] {
    let sorted = this.#sorted.get(space)
    if (sorted === undefined) {
      sorted = [...this.#changes.of(space)].sort((a, b) => Buffer.compare(a.key, b.key))
      this.#sorted.set(space, sorted)
    }
    return sorted
  }
}

/** The index of the first change whose key is `key` or greater. */
function firstFrom(sorted: readonly Change[], key: Uint8Array): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (Buffer.compare((sorted[middle] as Change).key, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** A state: layers over what LMDB holds. */
export class State {
  readonly view: View
  /** As in Reader. */
  readonly catalogVersion: number
  readonly #layers: readonly Layer[]

  /** `layers` from the oldest to the newest. */
  constructor(view: View, layers: readonly Layer[], catalogVersion: number) {
    this.view = view
    this.#layers = layers
    this.catalogVersion = catalogVersion
  }

  /** As Reader.get. */
  get(space: Space, key: Uint8Array): Uint8Array | undefined {
    for (let at = this.#layers.length - 1; at >= 0; at--) {
      const change = this.#layers[at]?.find(space, key)
      if (change !== undefined) return change.value
    }
    return this.view.get(space, key)
  }

  /** As Reader.scan. */
  scan(space: Space, range: Range, limits: ScanLimits): KeyValue[] {
    const layers = this.#layers.filter(layer => layer.has(space))
    if (layers.length === 0) return this.view.scan(space, range, limits)
    const own: Own = {
      scan: part => entriesOf(layers, space, part),
      isDeletion: value => value === removed,
    }
    const scan = new BothScan(own, range, limits)
    while (!scan.isDone) scan.take(this.view.scan(space, scan.rest, limits))
    return scan.found
  }
}

/** The last word of the layers on each key of a range, in the range's order. */
function entriesOf(layers: readonly Layer[], space: Space, range: Range): KeyValue[] {
  const found = layers.map(layer => layer.between(space, range)).filter(changes => changes.length > 0)
  const changes = found.length === 1 ? (found[0] as readonly Change[]) : lastWords(found)
  const entries = changes.map(({ key, value }) => ({ key, value: value ?? removed }))
  return range.reverse === true ? entries.reverse() : entries
}

/** Of all lists, each in order, one list in order; of equal keys the one of the last list. */
function lastWords(lists: readonly (readonly Change[])[]): Change[] {
  const all = lists.flatMap((changes, age) => changes.map(change => ({ change, age })))
  all.sort((a, b) => Buffer.compare(a.change.key, b.change.key) || b.age - a.age)
  const words: Change[] = []
  for (const { change } of all) {
    const before = words.at(-1)
    if (before === undefined || Buffer.compare(before.key, change.key) !== 0) words.push(change)
  }
  return words
}
