/**
 * Numbers and text in bytes, little-endian as BSON wants them. Hand-written because a DataView for each buffer costs more
 * than the read itself, and because these are what everything that looks at a document spends its time in.
 */

const scratch = new DataView(new ArrayBuffer(8))

export function readInt32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

export const readUint32 = (bytes: Uint8Array, at: number): number => readInt32(bytes, at) >>> 0

export function readInt64(bytes: Uint8Array, at: number): bigint {
  return (BigInt(readInt32(bytes, at + 4)) << 32n) | BigInt(readUint32(bytes, at))
}

export function readFloat64(bytes: Uint8Array, at: number): number {
  scratch.setInt32(0, readInt32(bytes, at), true)
  scratch.setInt32(4, readInt32(bytes, at + 4), true)
  return scratch.getFloat64(0, true)
}

export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >> 8
  bytes[at + 2] = value >> 16
  bytes[at + 3] = value >> 24
}

export function writeInt64(bytes: Uint8Array, at: number, value: bigint): void {
  writeInt32(bytes, at, Number(BigInt.asIntN(32, value)))
  writeInt32(bytes, at + 4, Number(BigInt.asIntN(32, value >> 32n)))
}

export function writeFloat64(bytes: Uint8Array, at: number, value: number): void {
  scratch.setFloat64(0, value, true)
  writeInt32(bytes, at, scratch.getInt32(0, true))
  writeInt32(bytes, at + 4, scratch.getInt32(4, true))
}

/** The text between `start` and `end`. Short ASCII, which nearly all names are, is decoded here: it is faster. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 24) {
    let text = ''
    let at = start
    for (; at < end; at++) {
      const byte = bytes[at] as number
      if (byte >= 0x80) break
      text += String.fromCharCode(byte)
    }
    if (at === end) return text
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}

export const encodeUtf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8')

/** Whether two ranges hold the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}
