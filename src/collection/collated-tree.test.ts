import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCollation } from '../bson/collation.ts'
import { compareValues } from '../bson/compare.ts'
import { encodeDocument, stringValue } from '../bson/encode.ts'
import { describeIndex, type IndexInfo } from './catalog.ts'
import { deleteFromTree, findInTree, putIntoTree } from './collated-tree.ts'
import { indexEntriesOf, type IndexEntry } from './keys.ts'
import { bytes, openStore, value } from './store.suite.ts'
import { withSnapshot, type Store } from './store.ts'

const collation = parseCollation(value({ locale: 'en', strength: 2 }))
const spec = encodeDocument({ v: 2, key: { n: 1 }, name: 'n_1', unique: true, collation: collation?.spec })
const index: IndexInfo = { ...describeIndex(spec), id: 7, building: false }

const entryOf = (text: string): IndexEntry => {
  const [entry] = indexEntriesOf(index, bytes({ n: text }))
  if (entry === undefined) throw new Error('no entry')
  return entry
}
const recordOf = (text: string): Uint8Array => Buffer.from(`\0\0\0\x01${text}`)

const put = (store: Store, text: string) =>
  store.engine.write(transaction => putIntoTree(transaction, index, entryOf(text), recordOf(text)))
const remove = (store: Store, text: string) =>
  store.engine.write(transaction => deleteFromTree(transaction, index, entryOf(text)))
const holderOf = (store: Store, text: string) =>
  withSnapshot(store, async snapshot => {
    const holder = await findInTree(snapshot, index, entryOf(text))
    return holder && Buffer.from(holder).toString('utf8', 4)
  })

const contentsOf = (store: Store) =>
  withSnapshot(store, async snapshot => {
    const all = { from: new Uint8Array(0), to: Buffer.alloc(2000, 0xff) }
    const found = await snapshot.scan('index', all, { countMax: Infinity, bytesMax: Infinity })
    return found.map(entry => [entry.key, entry.value].map(part => Buffer.from(part).toString('hex')))
  })

const text = fc.oneof(
  fc.string({ maxLength: 4, unit: fc.constantFrom('a', 'A', 'ä', 'b', 'B', 'ß', 's', 'S', 'é', 'e\u0301') }),
  fc.string({ maxLength: 6, unit: 'grapheme' }),
)
const areEqual = (a: string, b: string) => compareValues(stringValue(a), stringValue(b), collation) === 0

test('what is found is what is equal under the collation, whatever came and went', async () => {
  const step = fc.record({ text, isRemoval: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(text, { maxLength: 10 }), async (steps, asked) => {
      const store = await openStore()
      let held: string[] = []
      for (const next of steps) {
        const equal = held.find(other => areEqual(other, next.text))
        if (next.isRemoval) {
          await remove(store, next.text)
          held = held.filter(other => other !== equal)
        } else if (equal === undefined) {
          await put(store, next.text)
          held.push(next.text)
        }
      }
      for (const wanted of [...asked, ...held, ...steps.map(next => next.text)]) {
        expect(await holderOf(store, wanted)).toBe(held.find(other => areEqual(other, wanted)))
      }
      // The shape follows from what is in it.
      const other = await openStore()
      for (const kept of held.toReversed()) await put(other, kept)
      expect(await contentsOf(store)).toEqual(await contentsOf(other))
      await Promise.all([store.engine.close(), other.engine.close()])
    }),
    { numRuns: 60 },
  )
})

test('a thousand texts in order make no deep tree', async () => {
  const store = await openStore()
  const texts = Array.from({ length: 1000 }, (_, number) => `user${String(number).padStart(4, '0')}@example.com`)
  await store.engine.write(async transaction => {
    for (const next of texts) await putIntoTree(transaction, index, entryOf(next), recordOf(next))
  })
  let reads = 0
  await withSnapshot(store, async snapshot => {
    const counting = { ...snapshot, get: (...of: Parameters<typeof snapshot.get>) => (reads++, snapshot.get(...of)) }
    for (const next of texts) await findInTree(counting, index, entryOf(next.toUpperCase()))
  })
  expect(reads / texts.length).toBeLessThan(25)
})
