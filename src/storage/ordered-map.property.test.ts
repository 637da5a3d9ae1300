import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OrderedMap } from './ordered-map.ts'

const noLimits = { countMax: Infinity, bytesMax: Infinity }
const end = new Uint8Array(9).fill(0xff)
const k = (text: string) => Buffer.from(text, 'latin1')
const show = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const contentOf = (map: OrderedMap, from = k(''), to: Uint8Array = end) =>
  map.scan({ from, to }, noLimits).map(({ key, value }) => `${show(key)}=${show(value)}`)

test('the order of keys is that of their bytes', () => {
  const keys = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 4 }), { maxLength: 20, selector: show })
  const property = fc.property(keys, unordered => {
    const map = new OrderedMap()
    for (const key of unordered) map.set(key, key)
    const ordered = map.scan({ from: k(''), to: end }, noLimits).map(({ key }) => show(key))
    expect(ordered).toEqual(unordered.toSorted(Buffer.compare).map(show))
  })
  fc.assert(property)
})

test('whatever is set and deleted, it holds what a sorted Map holds, and so does every copy', () => {
  const key = fc.nat({ max: 400 }).map(number => String(number))
  const change = fc.record({ key, value: fc.option(fc.string({ maxLength: 3, unit: 'binary-ascii' }), { freq: 3 }) })
  const property = fc.property(
    fc.array(change, { maxLength: 1500, size: 'max' }),
    fc.array(fc.nat({ max: 1500 }), { maxLength: 6 }),
    fc.tuple(key, key),
    (changes, copiesAt, [from, to]) => {
      const map = new OrderedMap()
      const model = new Map<string, string>()
      const modelContent = (within: (each: string) => boolean = () => true) =>
        [...model]
          .filter(([each]) => within(each))
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([each, value]) => `${each}=${value}`)
      const copies: { readonly copy: OrderedMap; readonly content: string[] }[] = []
      for (const [index, { key: each, value }] of changes.entries()) {
        if (copiesAt.includes(index)) copies.push({ copy: map.copy(), content: modelContent() })
        if (value === null) {
          map.delete(k(each))
          model.delete(each)
        } else {
          map.set(k(each), k(value))
          model.set(each, value)
        }
      }
      expect(contentOf(map)).toEqual(modelContent())
      for (const { copy, content } of copies) expect(contentOf(copy)).toEqual(content)
      const range = { from: k(from), to: k(to) }
      const up = contentOf(map, range.from, range.to)
      expect(up).toEqual(modelContent(each => each >= from && each < to))
      const down = map
        .scan({ ...range, reverse: true }, noLimits)
        .map(({ key: each, value }) => `${show(each)}=${show(value)}`)
      expect(down).toEqual(up.toReversed())
      for (const each of [from, to]) expect(map.get(k(each)) && show(map.get(k(each)) ?? k(''))).toBe(model.get(each))
    },
  )
  fc.assert(property, { numRuns: 60 })
})

test('a copy may change too, and neither sees the other', () => {
  const map = new OrderedMap()
  for (let number = 0; number < 1000; number += 1) map.set(k(`${number}`), k('old'))
  const copy = map.copy()
  for (let number = 0; number < 1000; number += 2) map.delete(k(`${number}`))
  for (let number = 0; number < 1000; number += 3) copy.set(k(`${number}`), k('new'))
  expect(contentOf(map).every(each => each.endsWith('=old'))).toBe(true)
  expect([contentOf(map).length, contentOf(copy).length]).toEqual([500, 1000])
  expect(contentOf(copy).filter(each => each.endsWith('=new')).length).toBe(334)
})

test('emptied, it is as good as new', () => {
  const map = new OrderedMap()
  for (let number = 0; number < 10_000; number += 1) map.set(k(`${number}`), k('x'))
  for (let number = 0; number < 10_000; number += 1) map.delete(k(`${number}`))
  expect(contentOf(map)).toEqual([])
  map.set(k('a'), k('1'))
  expect(contentOf(map)).toEqual(['a=1'])
})
