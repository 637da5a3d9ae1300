// The laws of updates, for random documents: a delta makes of the document before what the update made of it, and the
// updateDescription names what changed and nothing else.
import { deserialize } from 'bson'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CommandError } from '../base/errors.ts'
import { arbitraryDocument } from '../bson/arbitrary.suite.ts'
import { encodeDocument } from '../bson/encode.ts'
import { describeDiff } from './description.ts'
import { applyDiff, computeDiff } from './diff.ts'
import { bytesOf, compiled, moment, textOf } from './update.suite.ts'
import type { Document } from 'bson'
import type { Applied } from './update.ts'

const name = fc.constantFrom('a', 'b', 'c', '0', '1')
const scalar = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom('x', 'y', null, true, 1.5, 'a longer text'))
const { tree } = fc.letrec<{ tree: unknown }>(tie => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 3, arbitrary: scalar },
    { weight: 2, arbitrary: fc.dictionary(name, tie('tree'), { maxKeys: 3 }) },
    { weight: 2, arbitrary: fc.array(tie('tree'), { maxLength: 3 }) },
  ),
}))
const smallDocument: fc.Arbitrary<Document> = fc.dictionary(name, tree, { maxKeys: 4 })

const part = fc.oneof(
  { weight: 12, arbitrary: name },
  { weight: 1, arbitrary: fc.constantFrom('2', '4', '$[]', '$[x]', '$') },
)
const path = fc.array(part, { minLength: 1, maxLength: 3 }).map(parts => parts.join('.'))
const fields = (argument: fc.Arbitrary<unknown>) => fc.dictionary(path, argument, { minKeys: 1, maxKeys: 3 })
const values = fc.array(tree, { maxLength: 3 })
const push = fc.record(
  {
    $each: values,
    $position: fc.integer({ min: -3, max: 4 }),
    $slice: fc.integer({ min: -3, max: 4 }),
    $sort: fc.constantFrom(1, -1),
  },
  { requiredKeys: ['$each'] },
)

const operator: fc.Arbitrary<readonly [name: string, fields: Document]> = fc.oneof(
  ...Object.entries({
    $set: tree,
    $unset: fc.constant(''),
    $inc: fc.constantFrom(0, 1, 0.5),
    $mul: fc.constantFrom(1, 2),
    $min: scalar,
    $max: scalar,
    $rename: path,
    $bit: fc.constant({ or: 1 }),
    $push: fc.oneof(tree, push),
    $addToSet: fc.oneof(
      tree,
      values.map($each => ({ $each })),
    ),
    $pop: fc.constantFrom(1, -1),
    $pull: scalar,
    $pullAll: values,
  }).map(([operatorName, argument]) => fields(argument).map(each => [operatorName, each] as const)),
)

const operators: fc.Arbitrary<Document> = fc
  .uniqueArray(operator, { minLength: 1, maxLength: 2, selector: ([operatorName]) => operatorName })
  .map(entries => Object.fromEntries(entries))

const usesFilter = (update: Document): boolean => JSON.stringify(update).includes('$[x]')

/** What an update makes of a document; undefined when it is refused. */
function applied(before: Uint8Array, update: Document): Applied | undefined {
  try {
    const arrayFilters = usesFilter(update) ? [{ x: { $ne: 1 } }] : []
    return compiled(update, { arrayFilters }).apply(before, { ...moment, arrayIndex: 0 })
  } catch (error) {
    if (error instanceof CommandError) return undefined
    throw error
  }
}

/** A document in which the order of fields says nothing. */
const unordered = (document: Uint8Array): unknown => deserialize(document, { promoteValues: false, bsonRegExp: true })

interface UpdateDescription {
  readonly updatedFields: Document
  readonly removedFields: string[]
  readonly truncatedArrays: { readonly field: string; readonly newSize: number }[]
  readonly disambiguatedPaths: Readonly<Record<string, (string | number)[]>>
}

interface LawOptions {
  /** Whether a field may be told that only came to stand elsewhere. */
  readonly fieldsMove: boolean
}

/** Does what a client does that keeps a copy: only from the updateDescription, on a plain object. */
function followed(before: Uint8Array, diff: Uint8Array, { fieldsMove }: LawOptions): unknown {
  const copy = unordered(before) as Document
  const description = deserialize(describeDiff(diff, { disambiguatedPaths: true }), {
    promoteValues: false,
    bsonRegExp: true,
  })
  const { updatedFields, removedFields, truncatedArrays, disambiguatedPaths } = description as UpdateDescription
  const holderOf = (text: string): { holder: Document; last: string | number } => {
    const parts = [...(disambiguatedPaths[text] ?? text.split('.'))].map(name =>
      typeof name === 'string' ? name : Number(name),
    )
    const last = parts.pop() ?? ''
    return { holder: parts.reduce((holder, name) => holder[name] as Document, copy), last }
  }
  for (const { field, newSize } of truncatedArrays) {
    const { holder, last } = holderOf(field)
    ;(holder[last] as unknown[]).length = Number(newSize)
  }
  for (const text of removedFields) {
    const { holder, last } = holderOf(text)
    expect(Object.hasOwn(holder, last), `${text} was there`).toBe(true)
    Reflect.deleteProperty(holder, last)
  }
  for (const [text, value] of Object.entries(updatedFields)) {
    const { holder, last } = holderOf(text)
    if (!fieldsMove) expect(holder[last], `${text} has changed`).not.toEqual(value)
    if (Array.isArray(holder)) while (holder.length < Number(last)) holder.push(null)
    Reflect.set(holder, last, value)
  }
  return copy
}

function requireLaws(before: Uint8Array, { after, diff }: Delta, options: LawOptions): void {
  expect(textOf(applyDiff(before, diff))).toBe(textOf(after))
  expect(followed(before, diff, options)).toEqual(unordered(after))
}

interface Delta {
  readonly after: Uint8Array
  readonly diff: Uint8Array
}

test('a delta and its description make the document before into what operators made of it', () => {
  let updatedCount = 0
  fc.assert(
    fc.property(smallDocument, operators, (document, update) => {
      const before = bytesOf(document)
      const result = applied(before, update)
      if (result?.kind !== 'update') return
      updatedCount++
      requireLaws(before, result, { fieldsMove: false })
    }),
    { numRuns: 2000 },
  )
  expect(updatedCount).toBeGreaterThan(200)
})

test('a delta between any two documents makes the first into the second', () => {
  let deltaCount = 0
  fc.assert(
    fc.property(smallDocument, smallDocument, (one, other) => {
      const first = 'x'.repeat(300)
      const before = bytesOf({ first, same: one, ...one })
      const after = bytesOf({ first, same: one, ...other })
      const diff = computeDiff(before, after)
      if (diff === undefined) return
      deltaCount++
      requireLaws(before, { after, diff }, { fieldsMove: true })
    }),
    { numRuns: 500 },
  )
  expect(deltaCount).toBeGreaterThan(150)
})

/** Long enough for a delta to be shorter. */
const filled = (inner: Uint8Array): Uint8Array => encodeDocument({ first: 'x'.repeat(5000), inner, last: inner })

test('a delta keeps every byte of values of all types', () => {
  fc.assert(
    fc.property(arbitraryDocument, arbitraryDocument, (one, other) => {
      const [start, end] = [filled(one), filled(other)]
      const diff = computeDiff(start, end)
      if (diff !== undefined) expect(Buffer.compare(applyDiff(start, diff), end)).toBe(0)
    }),
    { numRuns: 500 },
  )
})

test('the same $set a second time does nothing', () => {
  fc.assert(
    fc.property(smallDocument, fields(tree), (document, $set) => {
      const once = applied(bytesOf(document), { $set })
      if (once?.kind !== 'update') return
      expect(applied(once.after, { $set })).toEqual({ kind: 'nothing' })
    }),
    { numRuns: 500 },
  )
})
