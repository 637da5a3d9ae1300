// What each operator makes of a document, and what is told of it: the cases are in operators.suite.ts.
import { expect, test } from 'vitest'
import { valueOf } from '../bson/arbitrary.suite.ts'
import { elementsOf } from '../bson/reader.ts'
import { documentValue } from '../bson/value.ts'
import { operatorCases, type Told } from './operators.suite.ts'
import { bytesOf, compiled, moment, outcome, textOf } from './update.suite.ts'
import type { RunOptions } from './update.suite.ts'

const caseless: RunOptions = {
  collation: { compare: (a, b) => a.toLowerCase().localeCompare(b.toLowerCase()), spec: valueOf({}) },
}

const told = (what: Told) => (what === 'nothing' ? what : textOf(what))

for (const [claim, before, update, after, diff, description, options] of operatorCases) {
  test(claim, () => {
    expect(outcome(before, update, options)).toEqual({
      after: textOf(after === 'same' ? before : after),
      diff: told(diff),
      description: told(description),
    })
  })
}

test('new fields come in the order of their paths, numbers by value', () => {
  const applied = compiled({ $set: { z: 1, b: 2, 10: 3, 9: 4, '010': 5 } }).apply(bytesOf({}), moment)
  const after = applied.kind === 'update' ? elementsOf(documentValue(applied.after)) : []
  expect(after.map(([name]) => name)).toEqual(['010', '9', '10', 'b', 'z'])
})

test('strings are the same, less or greater as the collation says', () => {
  const options = caseless
  expect(outcome({ a: ['x'] }, { $addToSet: { a: 'X' } }, options).diff).toBe('nothing')
  expect(outcome({ a: ['x', 'y'] }, { $pull: { a: 'X' } }, options).after).toBe(textOf({ a: ['y'] }))
  expect(outcome({ a: ['x', 'y'] }, { $pull: { a: { $in: ['X'] } } }, options).after).toBe(textOf({ a: ['y'] }))
  expect(outcome({ a: ['x', 'y'] }, { $pullAll: { a: ['X'] } }, options).after).toBe(textOf({ a: ['y'] }))
  expect(outcome({ a: 'b' }, { $min: { a: 'B' } }, options).diff).toBe('nothing')
  expect(outcome({ a: 'b' }, { $max: { a: 'C' } }, options).after).toBe(textOf({ a: 'C' }))
  expect(outcome({ a: ['b'] }, { $push: { a: { $each: ['A', 'c'], $sort: 1 } } }, options).after).toBe(
    textOf({ a: ['A', 'b', 'c'] }),
  )
  expect(outcome({ a: ['x'] }, { $set: { 'a.$[i]': 1 } }, { ...options, arrayFilters: [{ i: 'X' }] }).after).toBe(
    textOf({ a: [1] }),
  )
})
