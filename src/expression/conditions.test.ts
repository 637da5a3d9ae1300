import { Decimal128, Double, Long } from 'bson'
import { describe, expect, test } from 'vitest'
import { collated, testRefusals, testResults, textOf } from './family.suite.ts'
import { missing } from './tables.suite.ts'

const document = { one: 1, zero: 0, none: null, text: 'x', array: [], nested: { a: { b: 1 } } }
const fails = { $divide: ['$one', '$zero'] }

describe('truth', () =>
  testResults(document, [
    [{ $and: [] }, true],
    [{ $and: ['$one', '$text', '$array'] }, true],
    [{ $and: ['$zero', fails] }, false],
    [{ $and: '$none' }, false],
    [{ $or: [] }, false],
    [{ $or: ['$zero', '$none', '$missing'] }, false],
    [{ $or: ['$one', fails] }, true],
    [{ $or: [new Double(NaN)] }, true],
    [{ $or: [Decimal128.fromString('0.0'), Long.ZERO, new Double(-0)] }, false],
    [{ $not: ['$none'] }, true],
    [{ $not: '$array' }, false],
  ]))

describe('comparison', () =>
  testResults(document, [
    [{ $eq: ['$one', new Double(1)] }, true],
    [{ $eq: ['$missing', null] }, false],
    [{ $ne: ['$one', 2] }, true],
    [{ $lt: ['$missing', null] }, true],
    [{ $lte: ['$one', 1] }, true],
    [{ $gt: ['$text', '$one'] }, true],
    [{ $gte: [null, '$missing'] }, true],
    [{ $cmp: ['$one', 'x'] }, -1],
    [{ $cmp: ['x', '$one'] }, 1],
    [
      {
        $cmp: [
          [1, 2],
          [1, 2],
        ],
      },
      0,
    ],
  ]))

describe('choices', () =>
  testResults(document, [
    [{ $cond: ['$one', 'yes', fails] }, 'yes'],
    [{ $cond: { else: 'no', if: '$zero', then: fails } }, 'no'],
    [{ $cond: ['$one', '$missing', 1] }, missing],
    [{ $ifNull: ['$none', '$missing', '$text', fails] }, 'x'],
    [{ $ifNull: ['$none', '$missing'] }, missing],
    [{ $ifNull: ['$missing', '$none'] }, null],
    [
      {
        $switch: {
          branches: [
            { case: '$zero', then: fails },
            { case: '$one', then: 'b' },
          ],
        },
      },
      'b',
    ],
    [{ $switch: { branches: [{ case: '$zero', then: 'a' }], default: 'c' } }, 'c'],
  ]))

describe('variables and literals', () =>
  testResults(document, [
    [{ $let: { vars: { a: 1, b: '$one' }, in: { $add: ['$$a', '$$b'] } } }, 2],
    [{ $let: { vars: { a: 1 }, in: { $let: { vars: { a: 2, b: '$$a' }, in: ['$$a', '$$b'] } } } }, [2, 1]],
    [{ $let: { vars: { a: '$nested' }, in: '$$a.a.b' } }, 1],
    [{ $let: { vars: { CURRENT: '$nested' }, in: '$a.b' } }, 1],
    [{ $let: { vars: { CURRENT: '$nested' }, in: '$$ROOT.one' } }, 1],
    [{ $let: { vars: { a: '$missing' }, in: '$$a' } }, missing],
    [{ $literal: { $add: ['$a'] } }, { $add: ['$a'] }],
    [{ $const: '$one' }, '$one'],
  ]))

testRefusals(document, [
  [{ $not: [1, 2] }, 16020],
  [{ $eq: [1] }, 16020],
  [{ $cond: [1, 2] }, 16020],
  [{ $cond: 1 }, 16020],
  [{ $cond: { then: 1, else: 1 } }, 17080],
  [{ $cond: { if: 1, else: 1 } }, 17081],
  [{ $cond: { if: 1, then: 1 } }, 17082],
  [{ $cond: { if: 1, then: 1, otherwise: 1 } }, 17083],
  [{ $ifNull: ['$one'] }, 1257300],
  [{ $switch: 1 }, 40060],
  [{ $switch: { branches: 1 } }, 40061],
  [{ $switch: { branches: [1] } }, 40062],
  [{ $switch: { branches: [{ case: 1, then: 1, with: 1 }] } }, 40063],
  [{ $switch: { branches: [{ then: 1 }] } }, 40064],
  [{ $switch: { branches: [{ case: 1 }] } }, 40065],
  [{ $switch: { branches: [{ case: '$zero', then: 1 }] } }, 40066],
  [{ $switch: { branches: [], with: 1 } }, 40067],
  [{ $switch: { branches: [] } }, 40068],
  [{ $switch: { default: 1 } }, 40068],
  [{ $let: 1 }, 16874],
  [{ $let: { vars: {}, in: 1, with: 1 } }, 16875],
  [{ $let: { in: 1 } }, 16876],
  [{ $let: { vars: {} } }, 16877],
  [{ $let: { vars: 1, in: 1 } }, 10065],
  [{ $let: { vars: { A: 1 }, in: 1 } }, 9],
  [{ $let: { vars: { a: 1, b: '$$a' }, in: 1 } }, 17276],
  [{ $rand: { a: 1 } }, 3040501],
  [{ $rand: [1] }, 3040501],
])

describe('a constant that cannot be computed is refused only where a document comes to it', () => {
  const never = { $divide: [1, 0] }
  testResults(document, [[{ $cond: ['$zero', never, 'fine'] }, 'fine']])
  testRefusals(document, [[{ $cond: ['$one', never, 'fine'] }, 2]])
})

test('equality of strings is that of the collation', () => {
  const collation = { locale: 'en', strength: 2 }
  expect(collated({ $eq: ['a', 'A'] }, collation)).toBe('true')
  expect(collated({ $cmp: ['b', 'A'] }, collation)).toBe(textOf(1))
})
