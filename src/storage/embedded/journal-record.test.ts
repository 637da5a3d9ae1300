import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyBytesMax } from '../engine.ts'
import type { Table, Write } from './environment.ts'
import { encodeJournalHead, journalHeadBytes, readRecords, RecordEncoder, saltBytes } from './journal-record.ts'

const headWith = (saltByte: number) => Buffer.from(encodeJournalHead(new Uint8Array(saltBytes).fill(saltByte)))
const head = headWith(7)

/** The bytes of a record of the journal with that head. */
const recordOf = (number: bigint, writes: readonly Write[], of = head): Buffer =>
  Buffer.from(new RecordEncoder(of, 0).encode(number, writes))

const put = (value: Uint8Array | string, key = 'key', table: Table = 'records'): Write => ({
  table,
  key: Buffer.from(key),
  value: Buffer.from(value),
})

/** What can be compared: the class of a buffer says nothing. */
const plain = (writes: Iterable<Write>) =>
  Array.from(writes, ({ table, key, value }) => [
    table,
    Buffer.from(key).toString('hex'),
    value && Buffer.from(value).toString('hex'),
  ])
const numbersIn = (file: Buffer, after = 0n) => readRecords(file, after).map(({ number }) => Number(number))

const bytes = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 200, maxLength: 3000 }) },
)
const writes: fc.Arbitrary<Write[]> = fc.array(
  fc.record({
    table: fc.constantFrom<Table>('catalog', 'records', 'index', 'session', 'meta', 'log'),
    key: fc.uint8Array({ minLength: 1, maxLength: 30 }),
    value: fc.option(bytes, { nil: undefined }),
  }),
  { maxLength: 8 },
)
/** Records in the order of their numbers from 1, and how they lie in the file: in which order, and what is before each. */
const layout = fc.array(fc.record({ writes, rank: fc.nat(), gap: fc.uint8Array({ maxLength: 60 }) }), { maxLength: 8 })

describe('what is written comes back', () => {
  test('whatever the writes are', () => {
    fc.assert(
      fc.property(writes, fc.bigInt({ min: 1n, max: 2n ** 63n }), (written, number) => {
        const [record] = readRecords(Buffer.concat([head, recordOf(number, written)]), number - 1n)
        expect(record?.number).toBe(number)
        expect(plain(record?.writes ?? [])).toEqual(plain(written))
      }),
    )
  })

  test('long keys, a megabyte, nothing, and nothing at all', () => {
    const written = [
      put('', 'k'.repeat(keyBytesMax)),
      put(Buffer.alloc(1024 * 1024, 'm'), 'm'),
      put('', 'empty'),
      { table: 'index', key: Buffer.from('gone'), value: undefined } as const,
    ]
    const file = Buffer.concat([head, recordOf(1n, written), recordOf(2n, [])])
    const [first, second] = readRecords(file, 0n)
    expect(plain(first?.writes ?? [])).toEqual(plain(written))
    expect(second?.writes).toEqual([])
  })

  test('one encoder makes one record after another, large and small', () => {
    const encoder = new RecordEncoder(head, 1000)
    const sizes = [10, 5000, 0, 900, 100_000, 1]
    const records = sizes.map((size, index) =>
      Buffer.from(encoder.encode(BigInt(index + 1), [put(Buffer.alloc(size, 'x'))])),
    )
    const found = readRecords(Buffer.concat([head, ...records]), 0n)
    expect(found.map(each => each.writes[0]?.value?.length)).toEqual(sizes)
  })

  test('in the order of their numbers, wherever they lie and whatever is between', () => {
    fc.assert(
      fc.property(layout, fc.nat({ max: 8 }), (records, after) => {
        const numbered = records.map((record, index) => ({ ...record, number: BigInt(index + 1) }))
        const file: Buffer[] = [head]
        for (const { number, writes: written, gap } of numbered.toSorted((a, b) => a.rank - b.rank)) {
          file.push(Buffer.from(gap), recordOf(number, written))
        }
        const found = readRecords(Buffer.concat(file), BigInt(after))
        const expected = numbered.filter(({ number }) => number > after)
        expect(found.map(({ number }) => number)).toEqual(expected.map(({ number }) => number))
        expect(found.map(each => plain(each.writes))).toEqual(expected.map(each => plain(each.writes)))
        const whole = Buffer.concat(file)
        for (const { number, writes: written, at, end } of found) {
          expect(recordOf(number, written).equals(whole.subarray(at, end))).toBe(true)
        }
      }),
    )
  })
})

describe('damage', () => {
  const records = [[put('one')], [put('', 'two'), put('2', 'three', 'log')], [put('x'.repeat(50))], [put('last')]]
  const pieces = records.map((written, index) => recordOf(BigInt(index + 1), written))
  const file = Buffer.concat([head, ...pieces])
  const ends = pieces.map((_, index) => journalHeadBytes + Buffer.concat(pieces.slice(0, index + 1)).length)
  const lastAt = ends.at(-2) ?? 0

  test('a file that is cut off has the whole records before the cut', () => {
    for (let cut = journalHeadBytes; cut <= file.length; cut += 1) {
      const whole = ends.filter(end => end <= cut).length
      expect(numbersIn(file.subarray(0, cut))).toEqual(Array.from({ length: whole }, (_, index) => index + 1))
    }
  })

  test('the same when what was cut off reads as zeros, or as what was there before', () => {
    for (let cut = lastAt; cut < file.length; cut += 1) {
      for (const rest of [
        Buffer.alloc(file.length - cut),
        Buffer.alloc(file.length - cut, recordOf(9n, records[0] ?? [], headWith(1))),
      ]) {
        const torn = Buffer.concat([file.subarray(0, cut), rest])
        expect(numbersIn(torn)).toEqual(torn.equals(file) ? [1, 2, 3, 4] : [1, 2, 3])
      }
    }
  })

  test('a bit that is wrong in the last record: it is as if it were not there', () => {
    for (let bit = lastAt * 8; bit < file.length * 8; bit += 1) expect(numbersIn(flipped(file, bit))).toEqual([1, 2, 3])
  })

  test('a bit that is wrong in one before it: an error that names the record', () => {
    for (let bit = journalHeadBytes * 8; bit < lastAt * 8; bit += 1) {
      const number = 1 + ends.filter(end => end * 8 <= bit).length
      expect(() => readRecords(flipped(file, bit), 0n)).toThrow(`record ${number} is not`)
    }
  })

  test('a bit that is wrong in what is not needed any more does no harm', () => {
    for (let bit = journalHeadBytes * 8; bit < lastAt * 8; bit += 1) {
      expect(numbersIn(flipped(file, bit), 3n)).toEqual([4])
    }
  })

  test('a bit that is wrong in the head: no record is believed, or it is an error', () => {
    for (let bit = 0; bit < journalHeadBytes * 8; bit += 1) {
      if (bit < 64) expect(() => readRecords(flipped(file, bit), 0n)).toThrow(/no journal|version/)
      else expect(numbersIn(flipped(file, bit))).toEqual([])
    }
  })

  test('a file that is no journal, of another version, or too short is refused', () => {
    for (const other of [Buffer.alloc(0), Buffer.alloc(100), Buffer.from('SQLite format 3\0'.padEnd(90))]) {
      expect(() => readRecords(other, 0n)).toThrow('it is no journal')
    }
    for (let length = 0; length < journalHeadBytes; length += 1) {
      expect(() => readRecords(file.subarray(0, length), 0n)).toThrow('it is no journal')
    }
    const ofTheFuture = Buffer.from(file)
    ofTheFuture.writeUInt32BE(2, 4)
    expect(() => readRecords(ofTheFuture, 0n)).toThrow('it is of version 2, not 1')
  })
})

describe('documents that look like records', () => {
  test('those of another journal are not read as records, whatever their numbers', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), writes, (number, written) => {
        const theirs = recordOf(number, written, headWith(8))
        const file = Buffer.concat([
          head,
          recordOf(1n, [put(Buffer.concat([theirs, theirs]))]),
          theirs,
          recordOf(2n, []),
        ])
        expect(numbersIn(file)).toEqual([1, 2])
      }),
    )
  })

  test('those copied out of this very journal are not, within a record that is needed', () => {
    const ours = recordOf(1n, [put('before')])
    const later = recordOf(3n, [])
    const file = Buffer.concat([head, ours, recordOf(2n, [put(Buffer.concat([ours, later, ours]))]), later])
    expect(numbersIn(file)).toEqual([1, 2, 3])
  })

  test('many heads alone cost little', () => {
    const heads = Buffer.alloc(4 * 1024 * 1024, recordOf(5n, [], headWith(8)))
    expect(numbersIn(Buffer.concat([head, recordOf(1n, [put(heads)]), heads]))).toEqual([1])
  })
})

function flipped(file: Buffer, bit: number): Buffer {
  const copy = Buffer.from(file)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}
