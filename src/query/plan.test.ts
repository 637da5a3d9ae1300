/** To which _id values a filter pins its documents. */
import type { Document } from 'bson'
import { expect, test } from 'vitest'
import { parseCollation } from '../bson/collation.ts'
import { show } from '../bson/show.ts'
import { idsOf } from './plan.ts'
import { valueOf } from './query.suite.ts'

const english = parseCollation(valueOf({ locale: 'en' }))
const ids = (filter: Document, collation = parseCollation(undefined)) =>
  idsOf(valueOf(filter), collation)?.map(show).join(' ')

test('an equality on _id pins, wherever it must hold', () => {
  expect(ids({ _id: 1 })).toBe('1')
  expect(ids({ a: 2, _id: 1 })).toBe('1')
  expect(ids({ _id: { $eq: 1 } })).toBe('1')
  expect(ids({ _id: { $gt: 0, $eq: 1 } })).toBe('1')
  expect(ids({ $and: [{ a: 1 }, { _id: 1 }] })).toBe('1')
  expect(ids({ _id: { a: 1 } })).toBe('{ a: 1 }')
  expect(ids({ _id: null })).toBe('null')
})

test('a list pins to its values, ascending and each once', () => {
  expect(ids({ _id: { $in: [3, 1, 2, 1, 1.0] } })).toBe('1 2 3')
  expect(ids({ _id: { $in: [] } })).toBe('')
  expect(ids({ _id: { $in: [1, 2, 3] }, $and: [{ _id: 2 }] })).toBe('2')
})

test('anything else does not pin', () => {
  for (const filter of [
    {},
    { a: 1 },
    { '_id.x': 1 },
    { _id: { $gt: 1 } },
    { _id: /x/ },
    { _id: { $in: [1, /x/] } },
    { _id: { $not: { $eq: 1 } } },
    { $or: [{ _id: 1 }, { _id: 2 }] },
    { $nor: [{ _id: 1 }] },
  ]) {
    expect(ids(filter), JSON.stringify(filter)).toBe(undefined)
  }
})

test('strings do not pin under a collation', () => {
  expect(ids({ _id: 'x' })).toBe('"x"')
  expect(ids({ _id: 'x' }, english)).toBe(undefined)
  expect(ids({ _id: { a: 'x' } }, english)).toBe(undefined)
  expect(ids({ _id: { $in: [1, 'x'] } }, english)).toBe(undefined)
  expect(ids({ _id: 1 }, english)).toBe('1')
})
