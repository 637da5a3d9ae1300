/** Unsigned numbers as big-endian bytes, whose order is the order of the numbers: for keys. */

export const uint32BE = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)

export function readUint32BE(bytes: Uint8Array, at = 0): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4)
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}
