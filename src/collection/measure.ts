/**
 * How many documents a collection has and what they weigh, found by reading all of it, a piece at a time and at a fair pace: exact
 * where nobody writes meanwhile, and as long as a scan takes. Nothing is kept for it, so that writes pay nothing.
 */
import { scanBatchBytesMax } from '../base/limits.ts'
import type { Pace } from '../base/pace.ts'
import type { Space } from '../storage/engine.ts'
import type { CollectionInfo } from './catalog.ts'
import { keyAfter, rangeOf } from './keys.ts'
import { everything } from './read.ts'
import { withSnapshot, type Store } from './store.ts'
import type { SystemNamespace } from './system-namespace.ts'

export interface Weight {
  readonly count: number
  /** Of values alone: documents, or what an index's entries point to. */
  readonly valueBytes: number
  /** Of keys and values as they are stored, without what the engine needs around them. */
  readonly storedBytes: number
}

export interface CollectionWeight {
  readonly documents: Weight
  /** By the index's name. The index of _id weighs nothing: documents lie in its order. */
  readonly indexes: ReadonlyMap<string, Weight>
}

/** Everything of one collection. */
export async function weighCollection(store: Store, info: CollectionInfo, pace: Pace): Promise<CollectionWeight> {
  const documents = await weigh(store, 'records', info.id, pace)
  const indexes = new Map<string, Weight>()
  for (const { name, id } of info.indexes) indexes.set(name, await weigh(store, 'index', id, pace))
  return { documents, indexes }
}

/** The documents of a namespace that is a view of the log; they are made of what is stored, and stored nowhere themselves. */
export async function weighSystemNamespace(
  store: Store,
  { read }: SystemNamespace,
  pace: Pace,
): Promise<CollectionWeight> {
  let [count, valueBytes] = [0, 0]
  for await (const document of read(store, everything.filter, { reverse: false })) {
    const pause = pace.step()
    if (pause !== undefined) await pause
    count++
    valueBytes += document.length
  }
  return { documents: { count, valueBytes, storedBytes: valueBytes }, indexes: new Map() }
}

/** What lies under the keys that begin with `id`. */
async function weigh(store: Store, space: Space, id: number, pace: Pace): Promise<Weight> {
  const { from, to } = rangeOf(id)
  let next = from
  let [count, valueBytes, storedBytes] = [0, 0, 0]
  for (;;) {
    const range = { from: next, to }
    const limits = { countMax: 8192, bytesMax: scanBatchBytesMax }
    const piece = await withSnapshot(store, snapshot => snapshot.scan(space, range, limits))
    for (const { key, value } of piece) {
      const pause = pace.step()
      if (pause !== undefined) await pause
      count++
      valueBytes += value.length
      storedBytes += key.length + value.length
    }
    const last = piece.at(-1)
    if (last === undefined) return { count, valueBytes, storedBytes }
    next = keyAfter(last.key)
  }
}
