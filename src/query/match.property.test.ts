/** A compiled filter answers as a plain reading of the rules does, over decoded values. */
import { Double, Int32, Long } from 'bson'
import type { Document } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchedIndex, matches, textOfDocument } from './query.suite.ts'

// The reference: what the rules say, with no thought of speed.

const missing = Symbol('missing')
type Plain = unknown

const isDocument = (value: Plain): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !('_bsontype' in value)

const numberOf = (value: Plain): number | undefined =>
  value instanceof Int32 || value instanceof Double || value instanceof Long ? Number(value) : undefined

function kindOf(value: Plain): number {
  if (value === missing) return 0
  if (value === null) return 1
  if (numberOf(value) !== undefined) return 2
  if (typeof value === 'string') return 3
  if (isDocument(value)) return 4
  return Array.isArray(value) ? 5 : 6
}

function order(a: Plain, b: Plain): number {
  if (kindOf(a) !== kindOf(b)) return kindOf(a) - kindOf(b)
  if (isDocument(a) && isDocument(b)) return orderOfLists(Object.entries(a), Object.entries(b), orderOfFields)
  if (Array.isArray(a) && Array.isArray(b)) return orderOfLists(a, b, order)
  const [left, right] = [numberOf(a) ?? a, numberOf(b) ?? b] as [number, number]
  return left < right ? -1 : left > right ? 1 : 0
}

function orderOfFields([nameA, a]: [string, Plain], [nameB, b]: [string, Plain]): number {
  return kindOf(a) - kindOf(b) || (nameA < nameB ? -1 : nameA > nameB ? 1 : 0) || order(a, b)
}

function orderOfLists<T>(a: readonly T[], b: readonly T[], compare: (a: T, b: T) => number): number {
  for (const [index, item] of a.entries()) {
    if (index >= b.length) return 1
    const found = compare(item, b[index] as T)
    if (found !== 0) return found
  }
  return a.length - b.length
}

interface Reached {
  readonly value: Plain
  /** Whether an array's items are asked too. */
  readonly items: boolean
}

function reach(value: Plain, [name, ...rest]: readonly string[]): Reached[] {
  if (name === undefined) return [{ value, items: true }]
  if (isDocument(value)) return reach(name in value ? value[name] : missing, rest)
  if (!Array.isArray(value)) return reach(missing, rest)
  return value.flatMap((item: Plain, index) => {
    const below = isDocument(item) ? reach(item, [name, ...rest]) : []
    if (String(index) !== name) return below
    if (rest.length === 0) return [...below, { value: item, items: false }]
    return isDocument(item) || Array.isArray(item) ? [...below, ...reach(item, rest)] : below
  })
}

type Ask = (reached: Reached) => boolean

const each =
  (asks: (value: Plain) => boolean): Ask =>
  ({ value, items }) =>
    (items && Array.isArray(value) && value.some(asks)) || asks(value)

const equals = (constant: Plain) => (value: Plain) =>
  order(value, constant) === 0 || (constant === null && value === missing)

const compares = (constant: Plain, passes: (order: number) => boolean) => (value: Plain) =>
  (kindOf(value) === kindOf(constant) && passes(order(value, constant))) ||
  (constant === null && value === missing && passes(0))

const aliases: Readonly<Record<string, (value: Plain) => boolean>> = {
  int: value => value instanceof Int32,
  double: value => value instanceof Double,
  string: value => typeof value === 'string',
  object: isDocument,
  array: Array.isArray,
  null: value => value === null,
}

/** Whether one of `found` passes; each operator on its own. */
function asksAll(found: readonly Reached[], condition: Document): boolean {
  return Object.entries(condition).every(([name, argument]) => asksOne(found, name, argument))
}

function asksOne(found: readonly Reached[], name: string, argument: Plain): boolean {
  const some = (ask: Ask) => found.some(ask)
  switch (name) {
    case '$eq':
      return some(each(equals(argument)))
    case '$ne':
      return !some(each(equals(argument)))
    case '$gt':
      return some(each(compares(argument, place => place > 0)))
    case '$gte':
      return some(each(compares(argument, place => place >= 0)))
    case '$lt':
      return some(each(compares(argument, place => place < 0)))
    case '$lte':
      return some(each(compares(argument, place => place <= 0)))
    case '$in':
      return some(each(value => (argument as Plain[]).some(item => equals(item)(value))))
    case '$nin':
      return !asksOne(found, '$in', argument)
    case '$all':
      return (argument as Plain[]).length > 0 && (argument as Plain[]).every(item => asksOne(found, '$eq', item))
    case '$exists':
      return some(each(value => value !== missing)) === argument
    case '$type':
      return some(each(value => aliases[argument as string]?.(value) ?? false))
    case '$size':
      return some(({ value }) => Array.isArray(value) && value.length === Number(argument))
    case '$not':
      return !asksAll(found, argument as Document)
    case '$elemMatch':
      return some(({ value }) => Array.isArray(value) && value.some(item => asksItem(item, argument as Document)))
    default:
      throw new Error(name)
  }
}

function asksItem(item: Plain, condition: Document): boolean {
  const [name = ''] = Object.keys(condition)
  if (name.startsWith('$') && name !== '$or') return asksAll([{ value: item, items: false }], condition)
  // The fields of an array are its positions.
  if (Array.isArray(item)) return reference(condition, Object.fromEntries(item.entries()))
  return isDocument(item) && reference(condition, item)
}

function reference(filter: Document, document: Document): boolean {
  return Object.entries(filter).every(([name, condition]) => {
    const branches = condition as Document[]
    if (name === '$and') return branches.every(branch => reference(branch, document))
    if (name === '$or') return branches.some(branch => reference(branch, document))
    if (name === '$nor') return !branches.some(branch => reference(branch, document))
    const found = reach(document, name.split('.'))
    const isOperators = isDocument(condition) && Object.keys(condition)[0]?.startsWith('$') === true
    return isOperators ? asksAll(found, condition) : asksOne(found, '$eq', condition)
  })
}

// Few names and values, so that filters meet documents often.

const scalar = fc.oneof(
  fc.integer({ min: -1, max: 3 }).map(value => new Int32(value)),
  fc.constantFrom(0, 1, 1.5, 2, -0).map(value => new Double(value)),
  fc.integer({ min: 0, max: 3 }).map(value => Long.fromNumber(value)),
  fc.constantFrom('', 'a', 'ab', 'b'),
  fc.constant(null),
  fc.boolean(),
)
const name = fc.constantFrom('a', 'b', '0', '1')
const { value } = fc.letrec<{ value: Plain }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))
const document = fc.dictionary(name, value, { maxKeys: 3, noNullPrototype: true })
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(names => names.join('.'))

const { filter } = fc.letrec<{ filter: Document; condition: Document; branches: Document[] }>(tie => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc
      .tuple(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), value)
      .map(pair => Object.fromEntries([pair])),
    fc
      .tuple(fc.constantFrom('$in', '$nin', '$all'), fc.array(value, { maxLength: 6 }))
      .map(pair => Object.fromEntries([pair])),
    fc.boolean().map($exists => ({ $exists })),
    fc.constantFrom(...Object.keys(aliases)).map($type => ({ $type })),
    fc.integer({ min: 0, max: 3 }).map($size => ({ $size })),
    tie('condition').map($not => ({ $not })),
    tie('condition').map($elemMatch => ({ $elemMatch })),
    tie('filter').map($elemMatch => ({ $elemMatch })),
    fc.tuple(tie('condition'), tie('condition')).map(([first, second]) => ({ ...first, ...second })),
  ) as fc.Arbitrary<Document>,
  branches: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }),
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.dictionary(path, fc.oneof(value, tie('condition') as fc.Arbitrary<Plain>), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    tie('branches').map($or => ({ $or })),
    tie('branches').map($nor => ({ $nor })),
    fc.tuple(path, value, tie('branches')).map(([field, constant, $and]) => ({ [field]: constant, $and })),
  ) as fc.Arbitrary<Document>,
}))

// In a document of operators an empty document would be a value, and in $elemMatch `$nor` and `$and` are filters.
const isAsked = (asked: Document): boolean => !/"\$elemMatch":\{"\$(nor|and)"/.test(JSON.stringify(asked))

test('a compiled filter agrees with the reference', () => {
  fc.assert(
    fc.property(filter.filter(isAsked), document, (asked, given) => {
      const claim = () => `${textOfDocument(asked)} on ${textOfDocument(given)}`
      const found = matches(asked, given)
      if (found !== reference(asked, given)) expect(found, claim()).toBe(reference(asked, given))
    }),
    { numRuns: 6000 },
  )
})

test('the matched index is that of the first item that passes alone', () => {
  const asked = fc.oneof(
    fc.tuple(fc.constantFrom('$eq', '$gt', '$lte'), value),
    fc.tuple(fc.constantFrom('$in'), fc.array(value, { maxLength: 3 })),
    fc.tuple(
      fc.constantFrom('$elemMatch'),
      fc.tuple(fc.constantFrom('$gte', '$ne'), value).map(pair => Object.fromEntries([pair])),
    ),
  ) as fc.Arbitrary<[string, Plain]>
  fc.assert(
    fc.property(asked, fc.array(value, { maxLength: 4 }), ([operator, argument], items) => {
      const condition = { [operator]: argument }
      if (!matches({ a: condition }, { a: items })) return
      const passes = (item: Plain) =>
        operator === '$elemMatch'
          ? asksItem(item, argument as Document)
          : asksOne([{ value: item, items: false }], operator, argument)
      const index = items.findIndex(passes)
      expect(matchedIndex({ a: condition }, { a: items })).toBe(index === -1 ? undefined : index)
    }),
    { numRuns: 2000 },
  )
})
