/** CRC-32C (Castagnoli), the checksum that a message may end with. Source: RFC 3720, section 12.1. */

const table = new Uint32Array(256)
for (let byte = 0; byte < 256; byte++) {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
  table[byte] = remainder
}

/**
 * The checksum of `bytes[start, end)` as an unsigned 32-bit number. `before` is the checksum of what stands in front of
 * them: `crc32c(b, crc32c(a))` is the checksum of a followed by b.
 */
export function crc32c(bytes: Uint8Array, before = 0, { start = 0, end = bytes.length } = {}): number {
  let remainder = ~before
  for (let at = start; at < end; at++) {
    remainder = (table[(remainder ^ (bytes[at] as number)) & 0xff] as number) ^ (remainder >>> 8)
  }
  return ~remainder >>> 0
}
