/** Whether values are the same to the byte, type included. That is stricter than being equal: int 1 is not double 1.0. */
import type { Value } from '../bson/value.ts'

export function sameValue(a: Value, b: Value): boolean {
  return a.type === b.type && sameRange(a.bytes, a.start, a.end, b.bytes, b.start, b.end)
}

/** Whether `a[aStart, aEnd)` and `b[bStart, bEnd)` hold the same bytes. */
export function sameRange(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const length = aEnd - aStart
  if (length !== bEnd - bStart) return false
  // A call into native code costs more than comparing a short value here.
  if (length > 64) return Buffer.compare(a.subarray(aStart, aEnd), b.subarray(bStart, bEnd)) === 0
  for (let at = 0; at < length; at++) if (a[aStart + at] !== b[bStart + at]) return false
  return true
}
