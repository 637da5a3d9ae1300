/**
 * `{ $group: { _id: expression, field: { $accumulator: argument } } }` makes one document of all that share the value of `_id`.
 *
 * Groups come out in the order in which their first documents came in.
 */
import { CommandError } from '../../base/errors.ts'
import { nullValue } from '../../bson/encode.ts'
import { elementCount, elementsOf, firstElement, hasOperators, isEmpty } from '../../bson/reader.ts'
import { BsonType, documentValue, isDocument, isNumber } from '../../bson/value.ts'
import type { Value } from '../../bson/value.ts'
import { BsonWriter } from '../../bson/writer.ts'
import type { Accumulation, Accumulator, CompiledAccumulator } from '../accumulator.ts'
import * as accumulatorFiles from '../accumulators/all.ts'
import { compileCompute } from '../compute.ts'
import type { Compute } from '../compute.ts'
import { MemoryBudget } from '../memory-budget.ts'
import type { Stage, StageOptions } from '../stage.ts'
import { ValueKeys } from '../value-keys.ts'

const accumulators: ReadonlyMap<string, Accumulator> = new Map(
  Object.values(accumulatorFiles).map(accumulator => [accumulator.name, accumulator]),
)

/** What the server has and we have not. */
const unsupportedAccumulators: readonly string[] = [
  '$accumulator',
  '$concatArrays',
  '$median',
  '$percentile',
  '$setUnion',
]

interface Field extends CompiledAccumulator {
  readonly name: string
}

interface Group {
  readonly id: Value
  readonly parts: readonly (Pick<Field, 'name' | 'inputOf'> & { readonly accumulation: Accumulation })[]
}

/** About what a group takes beside its key and `_id`, and each of its fields beside what it keeps. */
const groupBytesOverhead = 200
const fieldBytesOverhead = 200

export const stage: Stage = {
  name: '$group',
  inChangeStream: false,
  inUpdate: false,
  compile(spec, options) {
    const { idOf, fields } = parseGroup(spec, options)
    return {
      kind: 'all',
      async *run(documents, pace) {
        const memory = new MemoryBudget('$group', options)
        const keys = new ValueKeys(options.collation, memory)
        const groups = new Map<string, Group>()
        try {
          for await (const document of documents) {
            const turn = pace.step()
            if (turn !== undefined) await turn
            const value = documentValue(document)
            const id = idOf(value) ?? nullValue
            const key = keys.keyOf(id)
            let group = groups.get(key)
            if (group === undefined) {
              memory.take(key.length + groupBytesOverhead + fields.length * fieldBytesOverhead)
              const parts = fields.map(({ name, inputOf, begin }) => ({
                name,
                inputOf,
                accumulation: begin(memory, id),
              }))
              group = { id: memory.keep(id), parts }
              groups.set(key, group)
            }
            for (const { inputOf, accumulation } of group.parts) accumulation.add(inputOf(value))
          }
          for (const group of groups.values()) yield encodeGroup(group)
        } finally {
          memory.release()
        }
      },
    }
  },
}

function encodeGroup({ id, parts }: Group): Uint8Array {
  const writer = new BsonWriter()
  writer.value('_id', id)
  for (const { name, accumulation } of parts) writer.value(name, accumulation.result() ?? nullValue)
  return writer.finish()
}

function parseGroup(spec: Value, options: StageOptions): { idOf: Compute; fields: Field[] } {
  if (!isDocument(spec)) {
    throw new CommandError('Location15947', "a group's fields must be specified in an object")
  }
  let idOf: Compute | undefined
  const fields: Field[] = []
  for (const [name, value] of elementsOf(spec)) {
    if (name !== '_id') fields.push(parseField(name, value, options))
    else if (idOf === undefined) idOf = compileId(value, options)
    else throw new CommandError('Location15948', "a group's _id may only be specified once")
  }
  if (idOf === undefined) throw new CommandError('Location15955', 'a group specification must include an _id')
  return { idOf, fields }
}

function compileId(spec: Value, options: StageOptions): Compute {
  if (isDocument(spec) && !isEmpty(spec) && !hasOperators(spec)) {
    for (const [, value] of elementsOf(spec)) {
      if (value.type === BsonType.bool || isNumber(value)) {
        throw new CommandError('Location17390', '$group does not support inclusion-style expressions')
      }
    }
  }
  return compileCompute(spec, options)
}

function parseField(name: string, spec: Value, options: StageOptions): Field {
  const first = isDocument(spec) && hasOperators(spec) ? firstElement(spec) : undefined
  if (first === undefined) {
    throw new CommandError('Location40234', `The field '${name}' must be an accumulator object`)
  }
  if (name.includes('.')) throw new CommandError('Location40235', `The field name '${name}' cannot contain '.'`)
  if (name.startsWith('$')) {
    throw new CommandError('Location40236', `The field name '${name}' cannot be an operator name`)
  }
  if (elementCount(spec) !== 1) {
    throw new CommandError('Location40238', `The field '${name}' must specify one accumulator`)
  }
  const [operator, argument] = first
  const accumulator = accumulators.get(operator)
  if (accumulator !== undefined) return { name, ...accumulator.compile(argument, options) }
  if (unsupportedAccumulators.includes(operator)) {
    throw new CommandError('NotImplemented', `the accumulator ${operator} is not supported yet`)
  }
  throw new CommandError('Location15952', `unknown group operator '${operator}'`)
}
