/**
 * How much a zstd stream can grow to, read off its frames' and blocks' heads without decompressing anything. For
 * decompressors that cannot be told a limit: four bytes of a run-length block ask for 128 KiB.
 *
 *   frame   FD2FB528 | descriptor | window? | dictionary id? | content size? | block … | checksum?
 *   block   3 bytes: last, 1 bit | type, 2 bits | size, 21 bits      0 raw, 1 run-length, 2 compressed
 *
 * Source: RFC 8878, section 3.1.1.
 */
import { CommandError } from '../base/errors.ts'
import { readUint32 } from '../bson/bytes.ts'

const magic = 0xfd2fb528
const blockBytesMax = 128 * 1024

/**
 * An upper bound, in bytes, of what `bytes` decompress to: exact but for compressed blocks, which count as full.
 *
 * @throws CommandError ProtocolError when they are not whole zstd frames (skippable frames are not taken either).
 */
export function zstdBytesBound(bytes: Uint8Array): number {
  let bound = 0
  let at = 0
  while (at < bytes.length) {
    if (at + 5 > bytes.length || readUint32(bytes, at) !== magic) throw malformed()
    const descriptor = bytes[at + 4] as number
    at += 5 + headBytes(descriptor)
    for (let isLast = false; !isLast;) {
      if (at + 3 > bytes.length) throw malformed()
      const head = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
      isLast = (head & 1) === 1
      const type = (head >> 1) & 3
      const size = head >> 3
      if (type === 3) throw malformed()
      bound += type === 2 ? blockBytesMax : size
      at += 3 + (type === 1 ? 1 : size)
    }
    if ((descriptor & 4) !== 0) at += 4
  }
  if (at !== bytes.length) throw malformed()
  return bound
}

/** The bytes between a frame's descriptor and its first block. */
function headBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  return (isSingleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes
}

const malformed = () => new CommandError('ProtocolError', 'the compressed bytes are not a zstd stream')
