/**
 * The bytes of the journal: a head, and records that each hold what one group of commits writes. Numbers are big-endian.
 *
 *   head     magic u32 | version u32 | salt (16 bytes)
 *   record   magic u32 | head crc u32 | number u64 | length u32 | crc u32 | write …      length and crc: of the writes
 *   write    table u8 | key length u16 | value length u32 | key | value    a value's length of ffffffff: the key is removed
 *
 * Records lie anywhere behind the head and are found by their magic, so that one may be written wherever there is room. The head crc is
 * CRC-32 of the salt and of the rest of the record's head: whoever stores documents that look like records does not know the salt, so
 * they are not read as such, nor is time lost on them.
 *
 * Their numbers count up by one for as long as the data lives. Only the last can have been cut off, since none is begun before the one
 * before it is on the disk; a gap in the numbers is damage.
 */
import { crc32 } from 'node:zlib'
import { must } from '../../base/assert.ts'
import type { Table, Write } from './environment.ts'

const magic = 0x7472_6a6c
const version = 1
export const saltBytes = 16
export const journalHeadBytes = 8 + saltBytes

const headCrcAt = 4
const numberAt = 8
const lengthAt = 16
const crcAt = 20
const headBytes = 24
const writeHeadBytes = 7
const removal = 0xffff_ffff

/** They are on people's disks. */
const tableCodes: Readonly<Record<Table, number>> = { catalog: 0, records: 1, index: 2, session: 3, meta: 4, log: 5 }
const tables = Object.keys(tableCodes) as readonly Table[]

export interface JournalRecord {
  readonly number: bigint
  readonly writes: readonly Write[]
  /** Where it lies in the file: from `at` to `end`. */
  readonly at: number
  readonly end: number
}

/** The head of a journal; all of it while there is no record. */
export function encodeJournalHead(salt: Uint8Array): Uint8Array {
  const head = Buffer.alloc(journalHeadBytes)
  head.writeUInt32BE(magic, 0)
  head.writeUInt32BE(version, 4)
  head.set(salt, 8)
  return head
}

/** Makes records, one at a time, in a buffer that the next one overwrites. */
export class RecordEncoder {
  readonly #salt: number
  readonly #keptBytesMax: number
  #bytes: Buffer = Buffer.alloc(0)

  /** `head` is that of the journal. A buffer that grew beyond `keptBytesMax` is not kept. */
  constructor(head: Buffer, keptBytesMax: number) {
    this.#salt = saltOf(head)
    this.#keptBytesMax = keptBytesMax
  }

  encode(number: bigint, writes: Iterable<Write>): Uint8Array {
    let end = headBytes
    for (const { table, key, value } of writes) {
      const start = end
      const keyAt = start + writeHeadBytes
      end = keyAt + key.length + (value?.length ?? 0)
      const bytes = this.#reserve(end, start)
      bytes[start] = tableCodes[table]
      bytes.writeUInt16BE(key.length, start + 1)
      bytes.writeUInt32BE(value?.length ?? removal, start + 3)
      bytes.set(key, keyAt)
      if (value !== undefined) bytes.set(value, keyAt + key.length)
    }
    const bytes = this.#reserve(end, end)
    bytes.writeUInt32BE(magic, 0)
    bytes.writeBigUInt64BE(number, numberAt)
    bytes.writeUInt32BE(end - headBytes, lengthAt)
    bytes.writeUInt32BE(crc32(bytes.subarray(headBytes, end)), crcAt)
    bytes.writeUInt32BE(crc32(bytes.subarray(numberAt, headBytes), this.#salt), headCrcAt)
    if (bytes.length > this.#keptBytesMax) this.#bytes = Buffer.alloc(0)
    return bytes.subarray(0, end)
  }

  /** The buffer with room for `end` bytes, of which the first `filled` stay. */
  #reserve(end: number, filled: number): Buffer {
    if (end <= this.#bytes.length) return this.#bytes
    const grown = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.#bytes.length))
    grown.set(this.#bytes.subarray(0, filled))
    this.#bytes = grown
    return grown
  }
}

/**
 * The whole records in `file` behind number `after`, in order; their bytes are those of `file`.
 *
 * @throws Error when it is no journal, or one is missing that others follow.
 */
export function readRecords(file: Buffer, after: bigint): readonly JournalRecord[] {
  if (file.length < journalHeadBytes || file.readUInt32BE(0) !== magic) throw new Error('it is no journal')
  if (file.readUInt32BE(4) !== version) throw new Error(`it is of version ${file.readUInt32BE(4)}, not ${version}`)
  const salt = saltOf(file)
  const found: JournalRecord[] = []
  for (let from = journalHeadBytes; ;) {
    const at = file.indexOf(magicBytes, from)
    if (at < 0) break
    const record = readRecord(file, at, { after, salt })
    if (record !== undefined) found.push(record)
    // Within a record that is needed lies no other: what looks like one is a document that somebody has copied out of this file.
    from = record?.end ?? at + 1
  }
  found.sort((a, b) => (a.number < b.number ? -1 : 1))
  for (const [index, { number }] of found.entries()) {
    const expected = after + 1n + BigInt(index)
    if (number !== expected) throw new Error(`record ${number} is there and record ${expected} is not`)
  }
  return found
}

const magicBytes = Buffer.alloc(4)
magicBytes.writeUInt32BE(magic)

/** The record there; undefined when there is none, or only a part of one, or one that nobody wants. */
function readRecord(
  file: Buffer,
  at: number,
  { after, salt }: { readonly after: bigint; readonly salt: number },
): JournalRecord | undefined {
  const start = at + headBytes
  if (start > file.length) return undefined
  const number = file.readBigUInt64BE(at + numberAt)
  const end = start + file.readUInt32BE(at + lengthAt)
  if (number <= after || end > file.length) return undefined
  if (crc32(file.subarray(at + numberAt, start), salt) !== file.readUInt32BE(at + headCrcAt)) return undefined
  if (crc32(file.subarray(start, end)) !== file.readUInt32BE(at + crcAt)) return undefined
  return { number, writes: readWrites(file.subarray(start, end)), at, end }
}

function readWrites(bytes: Buffer): readonly Write[] {
  const writes: Write[] = []
  for (let at = 0; at < bytes.length;) {
    const table = must(tables[bytes[at] as number], 'a table of the journal')
    const keyAt = at + writeHeadBytes
    const valueAt = keyAt + bytes.readUInt16BE(at + 1)
    const length = bytes.readUInt32BE(at + 3)
    at = valueAt + (length === removal ? 0 : length)
    const value = length === removal ? undefined : bytes.subarray(valueAt, at)
    writes.push({ table, key: bytes.subarray(keyAt, valueAt), value })
  }
  return writes
}

const saltOf = (head: Buffer): number => crc32(head.subarray(8, journalHeadBytes))
