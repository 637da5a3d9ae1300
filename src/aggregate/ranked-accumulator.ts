/** $top, $topN, $bottom and $bottomN: the outputs of the documents that come first or last in an order. */
import { CommandError } from '../base/errors.ts'
import { arrayValue, nullValue } from '../bson/encode.ts'
import { show } from '../bson/show.ts'
import { documentBytes, isDocument, ownedValue } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import { compileSort } from '../query/sort.ts'
import type { Sort, SortKey } from '../query/sort.ts'
import type { Accumulation, Accumulator } from './accumulator.ts'
import { compileCompute } from './compute.ts'
import type { Compute } from './compute.ts'
import { compileCount, parseFields, requireField } from './counted-accumulator.ts'
import { Extremes } from './extremes.ts'
import type { Entry } from './extremes.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { valueBytesOverhead } from './memory-budget.ts'

interface Ranking {
  readonly end: 'first' | 'last'
  readonly sort: Sort
  readonly outputOf: Compute
}

/** `{ $name: { sortBy, output } }`: the output of one document. */
export function topAccumulator(name: string, end: 'first' | 'last'): Accumulator {
  return rankedAccumulator(name, end, { single: true })
}

/** `{ $name: { sortBy, output, n } }`: an array of up to `n` outputs, in the order of `sortBy`. */
export function topNAccumulator(name: string, end: 'first' | 'last'): Accumulator {
  return rankedAccumulator(name, end, { single: false })
}

function rankedAccumulator(name: string, end: 'first' | 'last', { single }: { readonly single: boolean }): Accumulator {
  return {
    name,
    compile(argument, options) {
      const fields = parseFields(argument, single ? ['output', 'sortBy'] : ['output', 'sortBy', 'n'], {
        notDocument: 'Location5788001',
        unknown: field => new CommandError('Location5788002', `Unknown argument to ${name} '${field}'`),
      })
      const countOf = single ? () => 1 : compileCount(requireField(fields.n, 'n', 'Location5788003'), options)
      const output = requireField(fields.output, 'output', 'Location5788004')
      const sortBy = requireField(fields.sortBy, 'sortBy', 'Location5788005')
      if (!isDocument(sortBy)) {
        throw new CommandError('TypeMismatch', `expected 'sortBy' to be an object; found ${show(sortBy)}`)
      }
      const ranking: Ranking = {
        end,
        sort: compileSort(sortBy, options.collation),
        outputOf: compileCompute(output, options),
      }
      return {
        inputOf: document => document,
        begin(memory, id) {
          const outputs = new RankedOutputs(ranking, countOf(id), memory)
          return single ? { add: input => outputs.add(input), result: () => outputs.inOrder()[0] } : outputs
        },
      }
    },
  }
}

class RankedOutputs implements Accumulation {
  readonly #ranking: Ranking
  readonly #memory: MemoryBudget
  readonly #held: Extremes<SortKey, Value>

  constructor(ranking: Ranking, countMax: number, memory: MemoryBudget) {
    const { end, sort } = ranking
    this.#ranking = ranking
    this.#memory = memory
    this.#held = new Extremes(end, countMax, (a, b) => sort.compare(a, b))
  }

  /** `document` is a whole document. */
  add(document: Value | undefined): void {
    if (document === undefined) return
    const key = this.#ranking.sort.keyOf(documentBytes(document))
    if (!this.#held.accepts(key)) return
    const output = this.#ranking.outputOf(document) ?? nullValue
    const entry = { key: key.map(part => part && ownedValue(part)), item: ownedValue(output) }
    this.#memory.take(bytesOf(entry))
    const gone = this.#held.add(entry.key, entry.item)
    if (gone !== undefined) this.#memory.give(bytesOf(gone))
  }

  inOrder(): Value[] {
    const entries = this.#held.entries().toSorted(this.#held.order)
    return entries.map(entry => entry.item)
  }

  result(): Value {
    return arrayValue(this.inOrder())
  }
}

function bytesOf({ key, item }: Pick<Entry<SortKey, Value>, 'key' | 'item'>): number {
  let bytes = 0
  for (const value of [...key, item]) {
    if (value !== undefined) bytes += value.end - value.start + valueBytesOverhead
  }
  return bytes
}
