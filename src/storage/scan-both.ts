/** One scan over two ordered maps, of which the second has the last word on each key. */
import { stoppedByLimits } from './engine.ts'
import type { KeyValue, MaybePromise, Range, ScanLimits } from './engine.ts'
import type { OrderedMap } from './ordered-map.ts'

export interface Both {
  scanBase(range: Range, limits: ScanLimits): MaybePromise<KeyValue[]>
  readonly own: OrderedMap
  /** Whether this value of `own` says that there is nothing under its key. */
  isDeletion(value: Uint8Array): boolean
}

/** As Reader.scan of engine.ts. */
export async function scanBoth(
  { scanBase, own, isDeletion }: Both,
  range: Range,
  limits: ScanLimits,
): Promise<KeyValue[]> {
  const { reverse = false } = range
  const found: KeyValue[] = []
  let bytes = 0
  let rest: Range = range
  for (;;) {
    const page = await scanBase(rest, limits)
    const last = stoppedByLimits(page, limits) ? page.at(-1) : undefined
    // As far as the page reaches nothing more comes from the base.
    const [covered, next] = last === undefined ? [rest, undefined] : splitBehind(rest, last.key)
    for (const entry of merge(page, own.scan(covered, { countMax: Infinity, bytesMax: Infinity }), reverse)) {
      if (isDeletion(entry.value)) continue
      found.push(entry)
      bytes += entry.key.length + entry.value.length
      if (found.length >= limits.countMax || bytes >= limits.bytesMax) return found
    }
    if (next === undefined) return found
    rest = next
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
