/** Where a KeyString is read: its bytes and its type bits, both from outside and not to be trusted. */
import { CommandError } from '../base/errors.ts'
import { readUint32 } from './bytes.ts'
import type { CodeName } from '../base/errors.ts'

export class KeyReader {
  readonly bytes: Uint8Array
  at = 0
  /** FF while a negative number is read: all its bytes are complemented. */
  mask = 0
  readonly #typeBits: Uint8Array
  #bitsAt = 0
  readonly #bitsEnd: number

  /** `typeBits` as `encodeKeyString` gives them; empty for all zero. @throws CommandError for a wrong size. */
  constructor(bytes: Uint8Array, typeBits: Uint8Array) {
    this.bytes = bytes
    const first = typeBits[0] ?? 0
    let start = 0
    let size = typeBits.length
    if (first === 0x80) {
      start = 5
      size = typeBits.length >= 5 ? readUint32(typeBits, 1) : -1
    } else if (first > 0x80) {
      start = 1
      size = first - 0x80
    } else if (size > 1) size = -1
    if (size !== typeBits.length - start) throw broken('the type bits have a wrong size', 'Location50615')
    this.#typeBits = typeBits.subarray(start)
    this.#bitsEnd = size * 8
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw broken('the key ends within a value')
    return (this.bytes[this.at++] as number) ^ this.mask
  }

  /** The next byte, which stays where it is; -1 at the end. Not complemented. */
  peek(): number {
    return this.bytes[this.at] ?? -1
  }

  /** 32 bits, big-endian, unsigned. */
  word(): number {
    return ((this.byte() << 24) | (this.byte() << 16) | (this.byte() << 8) | this.byte()) >>> 0
  }

  /** 64 bits, big-endian, unsigned. */
  eight(): bigint {
    return (BigInt(this.word()) << 32n) | BigInt(this.word())
  }

  /** `count` bytes, shared with the key. */
  raw(count: number): Uint8Array {
    if (count > this.bytes.length - this.at) throw broken('the key ends within a value')
    this.at += count
    return this.bytes.subarray(this.at - count, this.at)
  }

  /** Bytes up to a 00, which is read too: a name or a pattern. */
  name(): Uint8Array {
    const end = this.bytes.indexOf(0, this.at)
    if (end === -1) throw broken('a name has no end', 'Location50816')
    const name = this.bytes.subarray(this.at, end)
    this.at = end + 1
    return name
  }

  /** A text in which 00 is written 00 FF, and its end. */
  text(): Uint8Array {
    const start = this.at
    const { bytes } = this
    let zeros = 0
    let end = start
    for (;;) {
      end = bytes.indexOf(0, end)
      if (end === -1) throw broken('a string has no end', 'Location50816')
      if (bytes[end + 1] !== 0xff) break
      zeros++
      end += 2
    }
    this.at = end + 1
    if (zeros === 0) return bytes.subarray(start, end)
    const text = new Uint8Array(end - start - zeros)
    for (let from = start, to = 0; from < end; from++) {
      const byte = bytes[from] as number
      text[to++] = byte
      if (byte === 0) from++
    }
    return text
  }

  /** The next `count` type bits, the first one as the most significant. All zero when there are none at all. */
  typeBits(count: number): number {
    if (this.#bitsEnd === 0) return 0
    let bits = 0
    for (let index = 0; index < count; index++) {
      const at = this.#bitsAt++
      if (at >= this.#bitsEnd) throw broken('there are not enough type bits', 'Location50615')
      bits = (bits << 1) | (((this.#typeBits[at >> 3] as number) >> (at & 7)) & 1)
    }
    return bits
  }
}

/** Bytes that are no KeyString. */
export function broken(what: string, codeName: CodeName = 'Location50816'): CommandError {
  return new CommandError(codeName, `KeyString format error: ${what}`)
}
