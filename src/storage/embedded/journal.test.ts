import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { StorageFailed } from '../../base/errors.ts'
import type { Write } from './environment.ts'
import { encodeJournalHead, journalHeadBytes, saltBytes } from './journal-record.ts'
import { Journal, placeFor, roundBytesMin } from './journal.ts'

const root = mkdtempSync(join(tmpdir(), 'tailrace-journal-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let fileCount = 0
/** A journal without records. */
function newFile(): string {
  const path = join(root, `${(fileCount += 1)}`)
  writeFileSync(path, encodeJournalHead(new Uint8Array(saltBytes).fill(3)))
  return path
}

/** One that nobody else makes, of about so many bytes. */
const writesOf = (bytes: number, seed: number): Write[] => [
  { table: 'records', key: Buffer.from(`${seed}`), value: Buffer.alloc(bytes, `${seed}.`) },
  { table: 'index', key: Buffer.from(`${seed - 1}`), value: undefined },
]

const same = (a: readonly Write[], b: readonly Write[]): boolean =>
  a.length === b.length &&
  a.every(({ table, key, value }, index) => {
    const other = b[index]
    return (
      table === other?.table &&
      Buffer.compare(key, other.key) === 0 &&
      (value === undefined || other.value === undefined
        ? value === other.value
        : Buffer.compare(value, other.value) === 0)
    )
  })

type Step =
  | { readonly kind: 'append'; readonly bytes: number }
  /** Of what is needed. */
  | { readonly kind: 'store'; readonly share: number }
  | { readonly kind: 'reopen' }

const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 5000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 5000, max: 500_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 500_000, max: 2 * 1024 * 1024 }) },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), bytes }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('store' as const), share: fc.constantFrom(0.2, 0.5, 1, 1) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
)

test('what is found is what was appended and not stored, byte for byte, after any history', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const path = newFile()
      let needed: { readonly number: bigint; readonly writes: Write[] }[] = []
      let stored = 0n
      let journal = new Journal(path, stored)
      const check = () => {
        journal.close()
        journal = new Journal(path, stored)
        const found = journal.takeFound()
        expect(found.map(({ number }) => number)).toEqual(needed.map(({ number }) => number))
        expect(found.every((record, index) => same(record.writes, needed[index]?.writes ?? []))).toBe(true)
        expect(journal.number).toBe(needed.at(-1)?.number ?? stored)
      }
      try {
        for (const next of steps) {
          if (next.kind === 'reopen') check()
          else if (next.kind === 'append') {
            const writes = writesOf(next.bytes, Number(journal.number) + 1)
            const number = await journal.append(writes)
            expect(number).toBe((needed.at(-1)?.number ?? stored) + 1n)
            needed = [...needed, { number, writes }]
          } else if (needed.length > 0) {
            stored = needed[Math.ceil(needed.length * next.share) - 1]?.number ?? stored
            journal.stored(stored)
            needed = needed.filter(({ number }) => number > stored)
          }
        }
        check()
      } finally {
        journal.close()
        rmSync(path)
      }
    }),
    { numRuns: 60 },
  )
})

test('what was found is given away once, and its place is not written over before it is stored', async () => {
  const path = newFile()
  const first = new Journal(path, 0n)
  await first.append(writesOf(100, 1))
  first.close()
  const second = new Journal(path, 0n)
  expect(second.takeFound().length).toBe(1)
  expect(second.takeFound()).toEqual([])
  await second.append(writesOf(2_000_000, 2))
  await second.append(writesOf(50, 3))
  second.close()
  const third = new Journal(path, 0n)
  expect(third.takeFound().map(({ number }) => number)).toEqual([1n, 2n, 3n])
  third.close()
})

describe('places', () => {
  interface Extent {
    readonly at: number
    readonly end: number
  }
  const lengthOf = ({ at, end }: Extent) => end - at
  /** What the file does: it is told how long a record is, and how many of the oldest are stored before it. */
  class Places {
    needed: Extent[] = []
    head = journalHeadBytes
    fileEnd = journalHeadBytes
    heldMax = 0

    place(length: number): void {
      const at = placeFor(length, this.head, this.needed)
      const end = at + length
      expect(at).toBeGreaterThanOrEqual(journalHeadBytes)
      expect(this.needed.filter(other => at < other.end && other.at < end)).toEqual([])
      this.needed = [...this.needed, { at, end }]
      this.head = end
      this.fileEnd = Math.max(this.fileEnd, end)
      this.heldMax = Math.max(
        this.heldMax,
        this.needed.reduce((sum, each) => sum + lengthOf(each), 0),
      )
    }

    store(count: number): void {
      this.needed = this.needed.slice(count)
    }

    get bound(): number {
      return journalHeadBytes + Math.max(roundBytesMin + this.heldMax, 2 * this.heldMax)
    }
  }

  test('never cover what is needed, and the file ends before the bound, after any history', () => {
    const length = fc.oneof(
      fc.integer({ min: 24, max: 100 }),
      fc.integer({ min: 24, max: 300_000 }),
      fc.integer({ min: 24, max: 4_000_000 }),
    )
    const act = fc.record({ length, store: fc.oneof(fc.constant(0), fc.nat({ max: 3 }), fc.nat({ max: 300 })) })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 300, size: 'max' }), acts => {
        const places = new Places()
        for (const each of acts) {
          places.store(each.store)
          places.place(each.length)
        }
        expect(places.fileEnd).toBeLessThanOrEqual(places.bound)
      }),
      { numRuns: 300 },
    )
  })

  test('a file is used again from its beginning, however long it is written to', () => {
    const places = new Places()
    for (let count = 0; count < 5000; count += 1) {
      places.place(20_000)
      if (places.needed.length > 30) places.store(30)
    }
    expect(places.fileEnd).toBeLessThanOrEqual(roundBytesMin + 31 * 20_000)
  })

  test('small records that are always in the way of a new round do not send the file further and further', () => {
    const places = new Places()
    // Each round begins in the places of small ones that are stored, meets the last of them, and goes on with large ones elsewhere.
    for (let small = 60; small > 1; small -= 1) {
      for (let count = 0; count < small; count += 1) places.place(50)
      places.place(1_000_000)
      if (small < 60) places.store(5)
      for (let count = 0; count < 3; count += 1) places.place(1_000_000)
      places.store(small - 1)
    }
    expect(places.fileEnd).toBeLessThanOrEqual(places.bound)
  })
})

describe('failures', () => {
  test('a file that cannot be written to fails by its name, and what was there stays', async () => {
    const path = newFile()
    const journal = new Journal(path, 0n)
    await journal.append(writesOf(100, 1))
    journal.close()
    // It has the number that the journal's descriptor had, so that nobody else's file can get it and be written to.
    const readOnly = openSync(path, 'r')
    const failure = await journal.append(writesOf(100, 2)).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StorageFailed)
    expect(failure).toMatchObject({ isDiskFull: false, message: expect.stringContaining(path) })
    expect(journal.number).toBe(1n)
    closeSync(readOnly)
    const again = new Journal(path, 0n)
    expect(again.takeFound().map(({ number }) => number)).toEqual([1n])
    again.close()
  })

  test('one that is missing, a folder, empty, or of something else is refused by its name, and left alone', () => {
    const missing = join(root, 'missing')
    const empty = newFile()
    writeFileSync(empty, '')
    const text = newFile()
    writeFileSync(text, 'no journal, but long enough to be one')
    for (const path of [missing, root, empty, text]) {
      expect(() => new Journal(path, 0n)).toThrow(StorageFailed)
      expect(() => new Journal(path, 0n)).toThrow(path)
    }
    expect([statSync(empty).size, readFileSync(text, 'utf8').slice(0, 10)]).toEqual([0, 'no journal'])
  })

  test('a file that is refused is not kept open', () => {
    const path = newFile()
    writeFileSync(path, 'nothing')
    const before = openSync(path, 'r')
    closeSync(before)
    for (let count = 0; count < 10; count += 1) expect(() => new Journal(path, 0n)).toThrow(StorageFailed)
    const after = openSync(path, 'r')
    closeSync(after)
    expect(after).toBe(before)
  })
})
