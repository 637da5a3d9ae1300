import { deserialize, serialize } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BsonWriter } from '../bson/writer.ts'
import { decodeEntry, encodeEntry, EntryEncoder, type OplogEntry } from './entry.ts'

const document = fc
  .dictionary(
    fc.string({ maxLength: 5 }).filter(name => !name.includes('\0')),
    fc.nat(),
    { maxKeys: 3 },
  )
  .map(fields => Uint8Array.from(serialize(fields)))
const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const plainEntry: fc.Arbitrary<OplogEntry> = fc.record({
  op: fc.constantFrom('i', 'u', 'd', 'c', 'n'),
  ns: fc.constantFrom('', 'd.c', 'd.$cmd', 'd.ü.x'),
  ui: optional(uuid),
  o: document,
  o2: optional(document),
  wallMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  statement: optional(
    fc.record({ lsid: uuid, txnNumber: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }), stmtId: fc.nat(100_000) }),
  ),
  preImage: optional(document),
  retried: optional(document),
})

const transaction = fc.record({ lsid: uuid, txnNumber: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }) })
const entry: fc.Arbitrary<OplogEntry> = fc.oneof(
  plainEntry,
  fc.tuple(plainEntry, transaction).map(([each, id]) => ({ ...each, statement: undefined, transaction: id })),
)

/** Bytes as plain arrays, so that a view of a buffer equals a copy; what is undefined is left out. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value]
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(fields.map(([name, field]) => [name, plain(field)]))
}

test('decode(encode(entry)) is entry', () =>
  fc.assert(
    fc.property(entry, each => {
      expect(plain(decodeEntry(encodeEntry(each, new BsonWriter())))).toEqual(plain(each))
    }),
  ))

test('entries encoded one after another have the bytes that each has alone', () => {
  // Parts of few, so that entries often share some of what they begin with, or all of it.
  const ids = [1, 1, 2].map(byte => new Uint8Array(16).fill(byte))
  const id = fc.record({ lsid: fc.constantFrom(...ids), txnNumber: fc.constantFrom(1n, 2n) })
  const similar = fc
    .tuple(
      entry,
      fc.constantFrom('d.c', 'd.$cmd'),
      optional(fc.constantFrom(...ids)),
      optional(id),
      fc.boolean(),
      // Larger than the encoder's first buffer.
      fc.constantFrom(0, 3000),
    )
    .map(([each, ns, ui, of, isTransaction, bytes]): OplogEntry => ({
      ...each,
      op: each.op === 'u' ? 'u' : 'i',
      ns,
      ui,
      o: bytes === 0 ? each.o : Uint8Array.from(serialize({ text: 'x'.repeat(bytes) })),
      statement: of && !isTransaction ? { ...of, stmtId: 7 } : undefined,
      transaction: of && isTransaction ? of : undefined,
    }))
  fc.assert(
    fc.property(fc.array(similar, { maxLength: 12 }), entries => {
      const encoder = new EntryEncoder()
      const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
      expect(entries.map(each => hex(encoder.encode(each)))).toEqual(
        entries.map(each => hex(encodeEntry(each, new BsonWriter()))),
      )
    }),
  )
})

test('an entry reads as one of MongoDB does', () => {
  const o = serialize({ _id: 1, x: 2 })
  const lsid = new Uint8Array(16).fill(1)
  const written: OplogEntry = {
    op: 'i',
    ns: 'd.c',
    ui: new Uint8Array(16),
    o,
    o2: serialize({ _id: 1 }),
    wallMs: 1_700_000_000_000,
    statement: { lsid, txnNumber: 5n, stmtId: 0 },
  }
  const bytes = encodeEntry(written, new BsonWriter())
  const read = deserialize(bytes)
  expect(Object.keys(read)).toEqual(['lsid', 'txnNumber', 'op', 'ns', 'ui', 'o', 'o2', 'stmtId', 'wall'])
  expect(read).toMatchObject({ op: 'i', ns: 'd.c', o: { _id: 1, x: 2 }, o2: { _id: 1 }, txnNumber: 5, stmtId: 0 })
  expect(read.wall).toEqual(new Date(1_700_000_000_000))
})
