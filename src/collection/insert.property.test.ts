/** Which documents an insert takes, held against a model that remembers every _id. */
import { Long } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { insert, openStore } from './store.suite.ts'

// Few, so that equal ones meet, of two number types; and one that no document may have.
const anyId = fc.oneof(
  fc.integer({ min: -4, max: 8 }),
  fc.integer({ min: 0, max: 8 }).map(Long.fromNumber),
  fc.constantFrom('a', 'b', [1]),
)
const ids = fc.oneof(
  fc.array(anyId, { maxLength: 15 }),
  fc.constant([1, 2, 3, 4, 5, 6]),
  fc.constant([3, 5, 6, 5, 3, 4]),
)

interface Outcome {
  readonly insertedCount: number
  readonly refused: [index: number, codeName: string][]
}

function modelOf(taken: Set<unknown>, given: readonly unknown[], ordered: boolean): Outcome {
  const refused: [number, string][] = []
  let insertedCount = 0
  for (const [index, id] of given.entries()) {
    const name = Long.isLong(id) ? id.toNumber() : id
    if (!Array.isArray(id) && !taken.has(name)) {
      taken.add(name)
      insertedCount++
      continue
    }
    refused.push([index, Array.isArray(id) ? 'InvalidIdField' : 'DuplicateKey'])
    if (ordered) break
  }
  return { insertedCount, refused }
}

test('an insert refuses just the documents whose _id was there, stored or among those before', () =>
  fc.assert(
    fc.asyncProperty(ids, ids, fc.boolean(), async (before, given, ordered) => {
      const store = await openStore()
      const taken = new Set<unknown>()
      modelOf(taken, before, false)
      await insert(store, before.map(toDocument), { ordered: false })
      const { insertedCount, writeErrors } = await insert(store, given.map(toDocument), { ordered })
      const refused = writeErrors.map(({ index, error }) => [index, error.codeName])
      expect({ insertedCount, refused }).toEqual(modelOf(taken, given, ordered))
    }),
  ))

test('a repeat of an insert answers for the statements that were done, and does the others', () =>
  fc.assert(
    fc.asyncProperty(ids, async given => {
      const store = await openStore()
      const retryable = { lsid: new Uint8Array(16), txnNumber: 1n }
      const rows = given.map(toDocument)
      const first = await insert(store, rows, { ordered: false, retryable })
      const again = await insert(store, rows, { ordered: false, retryable })
      const refused = new Set(first.writeErrors.map(({ index }) => index))
      expect(again.retriedIds).toEqual([...given.keys()].filter(index => !refused.has(index)))
      expect(again.writeErrors.map(({ index }) => index)).toEqual([...refused])
      expect(again.insertedCount).toBe(first.insertedCount)
    }),
  ))

const toDocument = (_id: unknown) => ({ _id })
