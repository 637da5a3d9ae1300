/** Documents of another collection, held in memory and found by the values of one field. */
import type { Collation } from '../bson/collation.ts'
import { isArray, isNullish, type Value } from '../bson/value.ts'
import { valuesAtPath } from '../bson/path.ts'
import type { Pace } from '../base/pace.ts'
import { valueBytesOverhead, type MemoryBudget } from './memory-budget.ts'
import { ValueKeys } from './value-keys.ts'

export interface JoinOptions {
  /** The field that they are found by; undefined when nobody asks for some of them. */
  readonly field: string | undefined
  readonly collation: Collation | undefined
}

export class JoinTable {
  readonly documents: readonly Uint8Array[]
  readonly #keys: ValueKeys
  /** Positions in `documents`, ascending; undefined when they are not found by a field, or by one that is not kept so. */
  readonly #positions: ReadonlyMap<string, readonly number[]> | undefined

  private constructor(
    documents: readonly Uint8Array[],
    keys: ValueKeys,
    positions: ReadonlyMap<string, readonly number[]> | undefined,
  ) {
    this.documents = documents
    this.#keys = keys
    this.#positions = positions
  }

  /** @throws CommandError QueryExceededMemoryLimitNoDiskUseAllowed when `memory` is too small for them. */
  static async gather(
    source: AsyncIterable<Uint8Array>,
    { field, collation }: JoinOptions,
    memory: MemoryBudget,
    pace: Pace,
  ): Promise<JoinTable> {
    const keys = new ValueKeys(collation, memory)
    const documents: Uint8Array[] = []
    const path = field?.split('.')
    // A number in a path means an item or a field; filters know both, and the walk here only one.
    const isFound = path !== undefined && !path.some(name => /^\d+$/.test(name))
    const positions = new Map<string, number[]>()
    for await (const document of source) {
      const turn = pace.step()
      if (turn !== undefined) await turn
      memory.take(document.length + valueBytesOverhead)
      if (isFound) {
        for (const value of valuesAtPath(document, path)) {
          const key = keys.keyOf(present(value))
          const found = positions.get(key)
          if (found === undefined) {
            memory.take(key.length + valueBytesOverhead)
            positions.set(key, [documents.length])
          } else if (found.at(-1) !== documents.length) found.push(documents.length)
        }
      }
      documents.push(document)
    }
    return new JoinTable(documents, keys, isFound ? positions : undefined)
  }

  /** Those that may have one of the values in the field, and maybe others; a filter decides. In their order. */
  candidates(values: readonly Value[]): readonly Uint8Array[] {
    const positions = this.#positions
    if (positions === undefined || values.some(isArray)) return this.documents
    const [only, ...others] = values
    if (only === undefined) return []
    const found =
      others.length === 0
        ? (positions.get(this.#keys.lookUp(present(only))) ?? [])
        : [...new Set(values.flatMap(value => positions.get(this.#keys.lookUp(present(value))) ?? []))].sort(
            (a, b) => a - b,
          )
    return found.map(position => this.documents[position] as Uint8Array)
  }
}

/** Null is what is missing, for a filter too. */
const present = (value: Value | undefined): Value | undefined => (isNullish(value) ? undefined : value)
