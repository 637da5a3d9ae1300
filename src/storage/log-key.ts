/**
 * The key of a log entry, whose order as bytes is the order of positions.
 *
 *   time u64 | index u32     big-endian
 */
import { assert } from '../base/assert.ts'
import type { Position } from './engine.ts'

export const logKeyBytes = 12

/** The log before its first entry. */
export const beginning: Position = { time: 0n, index: 0 }

export function encodeLogKey({ time, index }: Position): Uint8Array {
  const key = Buffer.allocUnsafe(logKeyBytes)
  key.writeBigUInt64BE(time, 0)
  key.writeUInt32BE(index, 8)
  return key
}

export function decodeLogKey(key: Uint8Array): Position {
  assert(key.length === logKeyBytes, 'a key of the log has twelve bytes')
  const view = new DataView(key.buffer, key.byteOffset, key.length)
  return { time: view.getBigUint64(0), index: view.getUint32(8) }
}
