/** Where a KeyString is written: its bytes, and its type bits. Used again for the next key once the bytes were taken. */

/** Numbers by type, as type bits name them: two bits, before what a decimal or a negative zero adds. */
export const TypeBit = { int: 0b00, long: 0b01, double: 0b10, decimal: 0b11 } as const

const noTypeBits = new Uint8Array(0)

export class KeyBuffer {
  bytes: Uint8Array = new Uint8Array(512)
  /** How many bytes are written; the next one's offset. */
  length = 0
  /**
   * Whether this is for keys of an index, which have no type bits, and whose texts are written so that none is the beginning
   * of another: 00 as 01 01 and 01 as 01 02, ended by 00. KeyString itself writes 00 as 00 FF, which makes "a" the beginning
   * of "a\0b".
   */
  readonly #prefixFree: boolean
  #bits: number[] = []
  #bitCount = 0

  constructor({ prefixFree }: { prefixFree: boolean }) {
    this.#prefixFree = prefixFree
  }

  reset(): void {
    this.length = 0
    this.#bitCount = 0
    if (this.#bits.length > 0) this.#bits = []
    // One huge key must not hold its memory for ever.
    if (this.bytes.length > 65_536) this.bytes = new Uint8Array(512)
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  byte(byte: number): void {
    this.reserve(1)
    this.bytes[this.length++] = byte
  }

  /** `source[start, end)` as it is. */
  raw(source: Uint8Array, start: number, end: number): void {
    const count = end - start
    this.reserve(count)
    const { bytes } = this
    let at = this.length
    if (count <= 32) for (let from = start; from < end; from++) bytes[at++] = source[from] as number
    else bytes.set(source.subarray(start, end), at)
    this.length += count
  }

  /** A text that may hold 00, and its end. */
  text(source: Uint8Array, start: number, end: number): void {
    this.reserve((end - start) * 2 + 1)
    const { bytes } = this
    let at = this.length
    for (let from = start; from < end; from++) {
      const byte = source[from] as number
      if (byte <= 1) {
        if (this.#prefixFree) {
          bytes[at++] = 1
          bytes[at++] = byte + 1
          continue
        }
        if (byte === 0) {
          bytes[at++] = 0
          bytes[at++] = 0xff
          continue
        }
      }
      bytes[at++] = byte
    }
    bytes[at++] = 0
    this.length = at
  }

  /** 32 bits, big-endian, each byte XOR `mask` (00 or FF). */
  word(value: number, mask = 0): void {
    this.reserve(4)
    const { bytes } = this
    const at = this.length
    bytes[at] = (value >>> 24) ^ mask
    bytes[at + 1] = (value >>> 16) ^ mask
    bytes[at + 2] = (value >>> 8) ^ mask
    bytes[at + 3] = value ^ mask
    this.length = at + 4
  }

  /** Turns every byte from `start` on into its complement. */
  complement(start: number): void {
    const { bytes, length } = this
    for (let at = start; at < length; at++) bytes[at] = (bytes[at] as number) ^ 0xff
  }

  /** `count` type bits, the most significant of `bits` first. */
  typeBits(bits: number, count: number): void {
    if (this.#prefixFree) return
    if (bits !== 0) {
      for (let index = 0; index < count; index++) {
        if (((bits >> (count - 1 - index)) & 1) === 0) continue
        const at = this.#bitCount + index
        while (this.#bits.length <= at >> 3) this.#bits.push(0)
        this.#bits[at >> 3] = (this.#bits[at >> 3] as number) | (1 << (at & 7))
      }
    }
    this.#bitCount += count
  }

  /** A copy of the bytes. */
  takeBytes(): Uint8Array {
    const { bytes, length } = this
    const copy = Buffer.allocUnsafe(length)
    if (length <= 32) for (let at = 0; at < length; at++) copy[at] = bytes[at] as number
    else copy.set(bytes.subarray(0, length))
    return copy
  }

  /**
   * The type bits as they are kept: nothing when all are zero; one byte below 80; or 80 + n and n bytes; or 80, n as four
   * bytes little-endian, and n bytes.
   */
  takeTypeBits(): Uint8Array {
    if (this.#bits.length === 0) return noTypeBits
    const size = (this.#bitCount + 7) >> 3
    const bits = new Uint8Array(size)
    bits.set(this.#bits)
    if (size === 1 && (bits[0] as number) < 0x80) return bits
    if (size <= 127) return Uint8Array.of(0x80 + size, ...bits)
    const long = new Uint8Array(5 + size)
    long.set([0x80, size, size >> 8, size >> 16, size >> 24])
    long.set(bits, 5)
    return long
  }
}
