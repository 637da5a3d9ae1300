/** The language itself: paths, variables, literals, documents and arrays; and constants. */
import { Code } from 'bson'
import { describe, expect, test } from 'vitest'
import { gives, int, long, missing, plain, refuses, run, valueOf } from './tables.suite.ts'
import { compileExpression, isExpressionOperator } from './expression.ts'
import * as all from './operators/all.ts'

describe('paths', () => {
  gives([
    ['$a', int(1), { a: 1 }],
    ['$a.b', int(2), { a: { b: 2 } }],
    ['$a', missing, {}],
    ['$a.b', missing, { a: 1 }],
    ['$a', null, { a: null }],
    ['$a.b', [1, 2], { a: [{ b: 1 }, { c: 1 }, 3, [{ b: 4 }], { b: 2 }] }],
    ['$a.b', [], { a: [] }],
    ['$a.b.c', [1, [2, 3]], { a: [{ b: { c: 1 } }, { b: [{ c: 2 }, { c: 3 }] }] }],
    ['$a.0', [], { a: [1, 2] }],
    ['$a.0', int(1), { a: { 0: 1 } }],
    ['$$ROOT.a', int(1), { a: 1 }],
    ['$$CURRENT.a', int(1), { a: 1 }],
    ['$$ROOT', { a: 1 }, { a: 1 }],
  ])
  refuses([
    ['$', 'Location16872'],
    ['$a.', 'Location40353'],
    ['$a..b', 'Location15998'],
    ['$.a', 'Location15998'],
    ['$a.$b', 'Location16410'],
    ['$$', 'FailedToParse'],
    ['$$nobody', 'Location17276'],
  ])
})

describe('literals, documents and arrays', () => {
  gives([
    ['a', 'a'],
    [int(3), int(3)],
    [null, null],
    [{}, {}],
    [{ a: '$x', b: { c: '$y' }, d: 1 }, { a: 1, b: {}, d: 1 }, { x: 1 }],
    [['$x', '$y', [1]], [1, null, [1]], { x: 1 }],
    [{ $literal: '$x' }, '$x'],
    [{ $literal: { $add: [1, 2] } }, { $add: [1, 2] }],
    [{ $const: ['$x'] }, ['$x']],
    [{ a: '$$REMOVE', b: 1 }, { b: 1 }],
    [['$$REMOVE'], [null]],
  ])
  refuses([
    [{ $nonsense: 1 }, 'InvalidPipelineOperator'],
    [{ $add: [1], $subtract: [1, 2] }, 'Location15983'],
    [{ a: 1, $add: [1] }, 'Location16410'],
    [{ 'a.b': 1 }, 'Location16412'],
    [{ $meta: 'textScore' }, 'NotImplemented'],
    [{ $function: { body: new Code('f'), args: [], lang: 'js' } }, 'NotImplemented'],
  ])
})

describe('variables', () => {
  gives([
    [{ $let: { vars: { a: '$x', b: 2 }, in: { $add: ['$$a', '$$b'] } } }, int(3), { x: 1 }],
    [{ $let: { vars: { a: '$x' }, in: '$$a.y' } }, [1, 2], { x: [{ y: 1 }, { y: 2 }] }],
    [{ $let: { vars: { a: 1 }, in: { $let: { vars: { a: 2, b: '$$a' }, in: ['$$a', '$$b'] } } } }, [2, 1]],
    [{ $let: { vars: { CURRENT: '$x' }, in: ['$y', '$$ROOT.y', '$$CURRENT.y'] } }, [1, 2, 1], { x: { y: 1 }, y: 2 }],
    [{ $let: { vars: { a: '$nothing' }, in: '$$a' } }, missing],
    ['$$NOW', new Date(1_700_000_000_000)],
    [{ $tsSecond: '$$CLUSTER_TIME' }, long(7)],
  ])
  refuses([
    [{ $let: { vars: { A: 1 }, in: 1 } }, 'FailedToParse'],
    [{ $let: { vars: { 'a-b': 1 }, in: 1 } }, 'FailedToParse'],
    [{ $let: { vars: { a: 1 } } }, 'Location16877'],
    [{ $let: { in: 1 } }, 'Location16876'],
    [{ $let: 1 }, 'Location16874'],
    [{ $let: { vars: {}, in: 1, x: 1 } }, 'Location16875'],
    [{ $let: { vars: { a: 1, b: '$$a' }, in: 1 } }, 'Location17276'],
  ])

  test("the command's let is defined when its names are", () => {
    const variables = new Map([['limit', valueOf(5)]])
    expect(plain(run('$$limit', {}, { variables: ['limit'], root: { let: variables } }))).toEqual(plain(valueOf(5)))
    expect(() => run('$$limit')).toThrow('Use of undefined variable: limit')
  })
})

test('$rand has its chance from the variables', () => {
  expect(plain(run({ $rand: {} }))).toEqual({ $numberDouble: '0.5' })
  expect(() => run({ $rand: 1 })).toThrow('$rand does not currently accept arguments')
})

test('an expression of constants is a constant', () => {
  const isConstant = (spec: unknown): boolean => compileExpression(valueOf(spec), {}).constant !== undefined
  expect(isConstant({ a: [{ $add: [1, { $multiply: [2, 3] }] }, { $literal: '$x' }] })).toBe(true)
  expect(['$x', '$$NOW', { $rand: {} }, { $add: [1, '$x'] }].map(isConstant)).toEqual([false, false, false, false])
})

test('an operand that is refused in a branch that nobody takes does no harm', () => {
  expect(plain(run({ $cond: ['$x', 1, { $add: ['a', 1] }] }, { x: true }))).toEqual({ $numberInt: '1' })
  expect(() => run({ $cond: ['$x', 1, { $add: ['a', 1] }] })).toThrow('$add only supports numeric or date types')
})

test('every operator is known under its own name, and no two have the same', () => {
  const names = Object.values(all).map(operator => operator.name)
  expect(new Set(names).size).toBe(names.length)
  expect(names.every(name => isExpressionOperator(name))).toBe(true)
  expect(isExpressionOperator('$gt$')).toBe(false)
})
