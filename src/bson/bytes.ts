/**
 * Numbers and text in bytes, little-endian as BSON wants them. Hand-written because a DataView for each buffer costs more
 * than the read itself, and because these are what everything that looks at a document spends its time in.
 */
import { assert } from '../base/assert.ts'
import { fieldNameCountMax } from '../base/limits.ts'

// One number of eight bytes, and its two halves. Going through them makes one BigInt at the most, and costs half of what a
// DataView does.
const int64s = new BigInt64Array(1)
const float64s = new Float64Array(int64s.buffer)
const halves = new Int32Array(int64s.buffer)
/** Which half of a number comes first is the machine's choice. */
const low = new Uint8Array(Int32Array.of(1).buffer)[0] === 1 ? 0 : 1
const high = 1 - low

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
  halves[low] = readInt32(bytes, at)
  halves[high] = readInt32(bytes, at + 4)
  return int64s[0] as bigint
}

/** The nearest number to an int64; the very one within JavaScript's exact range. */
export function readInt64AsNumber(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + 4) * 0x1_0000_0000 + readUint32(bytes, at)
}

export function readFloat64(bytes: Uint8Array, at: number): number {
  halves[low] = readInt32(bytes, at)
  halves[high] = readInt32(bytes, at + 4)
  return float64s[0] as number
}

export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >> 8
  bytes[at + 2] = value >> 16
  bytes[at + 3] = value >> 24
}

export function writeInt64(bytes: Uint8Array, at: number, value: bigint): void {
  int64s[0] = value
  writeHalves(bytes, at)
}

/** A finite number as an int64, what is behind the point left out. */
export function writeNumberAsInt64(bytes: Uint8Array, at: number, value: number): void {
  assert(Number.isFinite(value), 'an integer is finite')
  const whole = Math.trunc(value)
  writeInt32(bytes, at, whole)
  writeInt32(bytes, at + 4, Math.floor(whole / 0x1_0000_0000))
}

export function writeFloat64(bytes: Uint8Array, at: number, value: number): void {
  float64s[0] = value
  writeHalves(bytes, at)
}

function writeHalves(bytes: Uint8Array, at: number): void {
  writeInt32(bytes, at, halves[low] as number)
  writeInt32(bytes, at + 4, halves[high] as number)
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

/** Field names that were met, each in the place that its bytes say, until another one needs that. */
const knownNames = Array.from<string | undefined>({ length: fieldNameCountMax })

/**
 * A field's name, as `decodeUtf8`. Names are few and come again and again, and making the text costs more than recognizing it: so
 * the short ones, if they are ASCII, are the very strings of the last time.
 */
export function decodeName(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start
  if (length > 24) return decodeUtf8(bytes, start, end)
  let hash = length
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0
  const place = (hash ^ (hash >>> 10)) & (fieldNameCountMax - 1)
  const known = knownNames[place]
  if (known !== undefined && isAscii(known, bytes, start, length)) return known
  const name = decodeUtf8(bytes, start, end)
  // Only ASCII has as many characters as bytes.
  if (name.length === length) knownNames[place] = name
  return name
}

/** Whether `text` has these characters. */
function isAscii(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let index = 0; index < length; index++) if (text.charCodeAt(index) !== bytes[start + index]) return false
  return true
}

export const encodeUtf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8')

/** Whether two ranges hold the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}
