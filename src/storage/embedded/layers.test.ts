/** Layers over a real LMDB environment against a map. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Changes } from '../changes.ts'
import type { KeyValue, Range, ScanLimits, Space } from '../engine.ts'
import { createEnvironment, Environment } from './environment.ts'
import { Layer, State } from './layers.ts'

const root = mkdtempSync(join(tmpdir(), 'tailrace-layers-'))
let environment: Environment
beforeAll(async () => {
  await createEnvironment(root)
  environment = new Environment(root)
})
afterAll(async () => {
  await environment.close()
  rmSync(root, { recursive: true, force: true })
})

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const byKey = ([a]: readonly [string, string], [b]: readonly [string, string]) => (a < b ? -1 : 1)

interface AskedRange {
  readonly from: string
  readonly to: string
  readonly reverse: boolean
}

/** Key and value; undefined for a deletion. */
type Put = readonly [key: string, value: string | undefined]

const alphabet = ['a', 'b', 'c', 'd', 'e', 'ab', 'abc', 'ba', '\0', '\0\0', '\xff', '\xff\xff', 'a\0', 'a\xff']
const key = fc.constantFrom(...alphabet)
const value = fc.option(fc.string({ maxLength: 6, unit: 'binary-ascii' }), { nil: undefined, freq: 3 })
const puts = fc.array(fc.tuple(key, value), { maxLength: 12 })
const bound = fc.oneof(key, fc.constantFrom('', '\xff\xff\xff', 'aa', 'b\0'))
const range = fc.record({ from: bound, to: bound, reverse: fc.boolean() })
const limits = fc.record({
  countMax: fc.oneof(fc.integer({ min: 1, max: 15 }), fc.constant(Infinity)),
  bytesMax: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(Infinity)),
})

const changesOf = (all: readonly Put[], space: Space = 'records'): Changes => {
  const changes = new Changes()
  for (const [name, text] of all)
    changes.add(space, { key: bytesOf(name), value: text === undefined ? text : bytesOf(text) })
  return changes
}

const apply = (model: Map<string, string>, all: readonly Put[]): void => {
  for (const [name, text] of all) {
    if (text === undefined) model.delete(name)
    else model.set(name, text)
  }
}

/** Makes LMDB hold that and nothing else. */
async function store(content: ReadonlyMap<string, string>): Promise<void> {
  const everything = { from: new Uint8Array(0), to: bytesOf('\xff'.repeat(9)) }
  const there = environment.view.scan('records', everything, { countMax: Infinity, bytesMax: Infinity })
  const removals = there.map(({ key: old }) => ({ table: 'records' as const, key: old, value: undefined }))
  const writes = [...content].map(([name, text]) => ({
    table: 'records' as const,
    key: bytesOf(name),
    value: bytesOf(text),
  }))
  await environment.commit([...removals, ...writes], 0n)
  environment.refresh()
}

/** What a scan gives: all that is in the range, up to the one that reaches a limit. */
function expectedOf(
  model: ReadonlyMap<string, string>,
  within: AskedRange,
  { countMax, bytesMax }: ScanLimits,
): string[] {
  const inRange = [...model].filter(([name]) => name >= within.from && name < within.to).sort(byKey)
  if (within.reverse) inRange.reverse()
  const found: string[] = []
  let bytes = 0
  for (const [name, text] of inRange) {
    found.push(`${name}=${text}`)
    bytes += name.length + text.length
    if (found.length >= countMax || bytes >= bytesMax) break
  }
  return found
}

const rangeOf = ({ from, to, reverse }: AskedRange): Range => ({
  from: bytesOf(from),
  to: bytesOf(to),
  reverse,
})
const show = (found: readonly KeyValue[]) => found.map(entry => `${textOf(entry.key)}=${textOf(entry.value)}`)

describe('a state', () => {
  test('is what a map says, whatever lies in LMDB and in which layer', async () => {
    const scans = fc.array(fc.tuple(range, limits), { minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(puts, fc.array(puts, { maxLength: 6 }), scans, async (below, above, asked) => {
        const model = new Map<string, string>()
        apply(model, below)
        await store(model)
        for (const all of above) apply(model, all)
        const state = new State(
          environment.view,
          above.map(all => new Layer(changesOf(all))),
          0,
        )
        for (const name of [...alphabet, 'zzz', '']) {
          const found = state.get('records', bytesOf(name))
          expect(found && textOf(found)).toBe(model.get(name))
        }
        for (const [within, each] of asked) {
          expect(show(state.scan('records', rangeOf(within), each))).toEqual(expectedOf(model, within, each))
        }
      }),
      { numRuns: 250 },
    )
  })

  test('is the same whether a layer lies over LMDB or is stored in it, and one that was made before stays as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(puts, { maxLength: 6 }), fc.nat({ max: 6 }), async (all, count) => {
        await store(new Map())
        const layers = all.map(each => new Layer(changesOf(each)))
        const before = new State(environment.view, layers, 0)
        before.view.retain()
        const everything = { from: new Uint8Array(0), to: bytesOf('\xff'.repeat(9)) }
        const noLimits = { countMax: Infinity, bytesMax: Infinity }
        const expected = show(before.scan('records', everything, noLimits))
        const merged = Changes.merged(all.slice(0, count).map(each => changesOf(each)))
        await environment.commit(
          Array.from(merged, ([table, change]) => ({ table, ...change })),
          0n,
        )
        environment.refresh()
        const after = new State(environment.view, layers.slice(count), 0)
        expect(show(after.scan('records', everything, noLimits))).toEqual(expected)
        expect(show(before.scan('records', everything, noLimits))).toEqual(expected)
        before.view.release()
      }),
      { numRuns: 80 },
    )
  })

  test('a page of LMDB that the layers delete whole does not end a scan', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `${1000 + index}`)
    await store(new Map(names.map(name => [name, 'x'])))
    const layer = new Layer(changesOf(names.slice(3, 197).map(name => [name, undefined])))
    const state = new State(environment.view, [layer], 0)
    const all = { from: new Uint8Array(0), to: bytesOf('\xff') }
    const kept = [...names.slice(0, 3), ...names.slice(197)].map(name => `${name}=x`)
    for (const countMax of [4, 6, 50]) {
      const few = { countMax, bytesMax: Infinity }
      expect(show(state.scan('records', all, few))).toEqual(kept.slice(0, countMax))
      expect(show(state.scan('records', { ...all, reverse: true }, few))).toEqual(kept.toReversed().slice(0, countMax))
    }
    expect(show(state.scan('records', all, { countMax: Infinity, bytesMax: 16 }))).toEqual(kept.slice(0, 4))
  })

  test('an empty value is one, and a deletion below it or above it is not', async () => {
    await store(
      new Map([
        ['both', 'old'],
        ['gone', 'old'],
      ]),
    )
    const first = new Layer(
      changesOf([
        ['both', undefined],
        ['gone', ''],
      ]),
    )
    const second = new Layer(
      changesOf([
        ['both', ''],
        ['gone', undefined],
      ]),
    )
    const state = new State(environment.view, [first, second], 0)
    expect(state.get('records', bytesOf('both'))?.length).toBe(0)
    expect(state.get('records', bytesOf('gone'))).toBe(undefined)
    const all = { from: new Uint8Array(0), to: bytesOf('\xff') }
    expect(show(state.scan('records', all, { countMax: 9, bytesMax: 99 }))).toEqual(['both='])
  })

  test('the changes of one space are not those of another', async () => {
    await store(new Map([['k', 'records']]))
    const layers = [new Layer(changesOf([['k', 'index']], 'index')), new Layer(changesOf([['k', undefined]], 'meta'))]
    const state = new State(environment.view, layers, 0)
    const read = (space: Space) => state.get(space, bytesOf('k'))
    expect([read('records'), read('index')].map(found => found && textOf(found))).toEqual(['records', 'index'])
    expect(read('meta')).toBe(undefined)
  })
})
