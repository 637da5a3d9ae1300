import { serialize, Timestamp, type Document } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { documentValue } from '../bson/value.ts'
import { compileMatch } from './match.ts'
import { timestampRangeOf } from './timestamp-range.ts'

const ts = (value: number) => Timestamp.fromNumber(value)
const rangeOf = (filter: Document) => timestampRangeOf(documentValue(serialize(filter)), 'ts')
const end = 0xffff_ffff_ffff_ffffn

test.each<[filter: Document, from: bigint, to: bigint]>([
  [{}, 0n, end],
  [{ ts: ts(5) }, 5n, 5n],
  [{ ts: { $gt: ts(5), $lte: ts(9) } }, 6n, 9n],
  [{ $and: [{ ts: { $gte: ts(5) } }, { op: 'i', ts: { $lt: ts(9) } }], ts: { $gte: ts(6) } }, 6n, 8n],
  [{ ts: { $lt: ts(0) } }, 1n, 0n],
  [{ other: ts(5), $or: [{ ts: ts(1) }] }, 0n, end],
  [{ ts: { $gt: 5 } }, 0n, end],
  [{ ts: { $not: { $gt: ts(5) } } }, 0n, end],
])('%j leaves %d to %d', (filter, from, to) => {
  expect(rangeOf(filter)).toEqual({ from, to })
})

test('nothing that matches lies outside', () => {
  const time = fc.integer({ min: 0, max: 6 })
  const condition = fc.tuple(fc.constantFrom('$eq', '$gt', '$gte', '$lt', '$lte', '$ne'), time)
  const filters = fc.array(
    fc.oneof(
      condition.map(([operator, value]): Document => ({ ts: { [operator]: ts(value) } })),
      condition.map(([operator, value]): Document => ({ $or: [{ ts: { [operator]: ts(value) } }] })),
    ),
    { minLength: 1, maxLength: 3 },
  )
  fc.assert(
    fc.property(filters, time, (branches, value) => {
      const filter = { $and: branches }
      const matches = compileMatch(documentValue(serialize(filter)), {})
      const { from, to } = rangeOf(filter)
      if (matches(serialize({ ts: ts(value) }))) expect(BigInt(value) >= from && BigInt(value) <= to).toBe(true)
    }),
  )
})
