/** The accumulators that keep up to `n` of something: `{ n: expression, input: expression }`, or with `output` and `sortBy`. */
import { CommandError } from '../base/errors.ts'
import type { CodeName } from '../base/errors.ts'
import { encodeDocument } from '../bson/encode.ts'
import { toExactInteger } from '../bson/number.ts'
import { elementsOf } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { documentValue, isDocument, isNumber } from '../bson/value.ts'
import type { Value } from '../bson/value.ts'
import type { Accumulation, Accumulator } from './accumulator.ts'
import { compileCompute } from './compute.ts'
import type { Compute } from './compute.ts'
import type { MemoryBudget } from './memory-budget.ts'
import type { StageOptions } from './stage.ts'

/** How many a group keeps, and what the others of its family need. */
export interface CountedOptions extends StageOptions {
  readonly countMax: number
  readonly memory: MemoryBudget
}

/** `{ $name: { input, n } }`. `begin` is asked once a group; `notDocument` is the code for an argument of the wrong type. */
export function countedAccumulator(
  name: string,
  notDocument: CodeName,
  begin: (options: CountedOptions) => Accumulation,
): Accumulator {
  return {
    name,
    compile(argument, options) {
      const { n, input } = parseFields(argument, ['n', 'input'], {
        notDocument,
        unknown: field => new CommandError('Location5787901', `Unknown argument for 'n' operator: ${field}`),
      })
      const countOf = compileCount(requireField(n, 'n', 'Location5787906'), options)
      const inputOf = compileCompute(requireField(input, 'input', 'Location5787907'), options)
      return {
        inputOf,
        begin: (memory, id) => begin({ ...options, memory, countMax: countOf(id) }),
      }
    },
  }
}

interface Refusals {
  readonly notDocument: CodeName
  readonly unknown: (field: string) => CommandError
}

/** The fields of an argument, by name; those that are not there are undefined. */
export function parseFields<Name extends string>(
  argument: Value,
  names: readonly Name[],
  { notDocument, unknown }: Refusals,
): { readonly [name in Name]?: Value } {
  if (!isDocument(argument)) {
    throw new CommandError(notDocument, `specification must be an object; found ${show(argument)}`)
  }
  const isKnown = (field: string): field is Name => (names as readonly string[]).includes(field)
  const fields: { [name in Name]?: Value } = {}
  for (const [field, value] of elementsOf(argument)) {
    if (!isKnown(field)) throw unknown(field)
    fields[field] = value
  }
  return fields
}

/** A field of an argument that has to be there. */
export function requireField(value: Value | undefined, name: string, missing: CodeName): Value {
  if (value === undefined) throw new CommandError(missing, `Missing value for '${name}'`)
  return value
}

/** `n` as a function of a group's `_id`: the expression sees the `_id`'s fields, if it is a document. */
export function compileCount(n: Value, options: StageOptions): (id: Value) => number {
  const compute: Compute = compileCompute(n, options)
  const empty = documentValue(encodeDocument({}))
  return id => {
    const value = compute(isDocument(id) ? id : empty)
    const notIntegral = `Value for 'n' must be of integral type, but found ${show(value)}`
    if (!isNumber(value)) throw new CommandError('Location5787902', notIntegral)
    const count = toExactInteger(value)
    if (count === undefined) throw new CommandError('Location5787903', notIntegral)
    if (count <= 0n) throw new CommandError('Location5787908', `'n' must be greater than 0, found ${count}`)
    return Number(count)
  }
}
