/**
 * `{ $lookup: { from, localField, foreignField, let, pipeline, as } }` puts an array into each document: the documents of another
 * collection that have the same value in a field, or what a pipeline makes of them.
 *
 * The other collection is read once and held, as long as it fits into the stage's memory; a larger one is asked anew for each document.
 */
import { CommandError } from '../../base/errors.ts'
import { documentBytesInternalMax } from '../../base/limits.ts'
import type { Pace } from '../../base/pace.ts'
import { arrayValue, documentOf, nullValue } from '../../bson/encode.ts'
import { valuesAtPath } from '../../bson/path.ts'
import { elementsOf, itemsOf } from '../../bson/reader.ts'
import {
  BsonType,
  documentValue,
  isArray,
  isDocument,
  isNullish,
  isString,
  toText,
  typeName,
  type Value,
} from '../../bson/value.ts'
import { parseFieldPath } from '../../expression/field-path.ts'
import { requireVariableName } from '../../expression/variables.ts'
import { compileMatch } from '../../query/match.ts'
import { compileCompute, type Compute } from '../compute.ts'
import { compilePut } from '../field-tree.ts'
import { foreignDocuments, requireSourceStage } from '../foreign.ts'
import { JoinTable } from '../join-table.ts'
import { MemoryBudget } from '../memory-budget.ts'
import type { Run, Stage, StageContext } from '../stage.ts'

interface Equality {
  readonly localField: string
  readonly foreignField: string
}

interface Lookup {
  readonly from: string | undefined
  readonly as: string
  readonly equality: Equality | undefined
  readonly definitions: readonly (readonly [name: string, spec: Value])[]
  readonly stages: readonly Value[]
}

export const stage: Stage = {
  name: '$lookup',
  inChangeStream: false,
  inUpdate: false,
  compile(spec, context) {
    const lookup = parseLookup(spec)
    const { equality, definitions, stages } = lookup
    const own = definitions.map(([name, value]) => [name, compileCompute(value, context)] as const)
    const put = compilePut(parseFieldPath(lookup.as))
    const bind = compileBinding(own, stages, context)
    const isConstant = equality === undefined && own.length === 0
    return {
      kind: 'all',
      async *run(documents, pace) {
        const memory = new MemoryBudget('$lookup', context)
        let held: Held | undefined
        try {
          for await (const document of documents) {
            const turn = pace.step()
            if (turn !== undefined) await turn
            const { run, options } = bind(document)
            const filter = equality && filterFor(document, equality)
            // What depends on no document is held as it comes out of the pipeline.
            const heldStages = isConstant ? stages : []
            held ??= await hold(lookup, heldStages, isConstant ? run : unchanged, options, memory, pace)
            let found: AsyncIterable<Uint8Array>
            if (held === 'too large') {
              const asked = filter === undefined ? stages : [filter.stage, ...stages]
              found = foreignDocuments(options, { coll: lookup.from, stages: asked, run }, pace)
            } else if (isConstant) found = given(held.documents)
            else found = run(filter === undefined ? given(held.documents) : matching(held, filter, context, pace), pace)
            yield put(document, await gather(found))
          }
        } finally {
          memory.release()
        }
      },
    }
  },
}

/** The other collection's documents, or what the pipeline makes of them; or that they are asked for each time. */
type Held = JoinTable | 'too large'

async function hold(
  { from, equality }: Lookup,
  stages: readonly Value[],
  run: Run,
  context: StageContext,
  memory: MemoryBudget,
  pace: Pace,
): Promise<Held> {
  // By _id the collection is quick to ask, and need not be read whole.
  if (equality?.foreignField === '_id') return 'too large'
  const join = { field: equality?.foreignField, collation: context.collation }
  try {
    return await JoinTable.gather(foreignDocuments(context, { coll: from, stages, run }, pace), join, memory, pace)
  } catch (error) {
    if (!(error instanceof CommandError) || error.codeName !== 'QueryExceededMemoryLimitNoDiskUseAllowed') throw error
    memory.release()
    return 'too large'
  }
}

/** The stages as they run for one document: compiled once, unless they have variables of the document. */
function compileBinding(
  own: readonly (readonly [name: string, compute: Compute])[],
  stages: readonly Value[],
  context: StageContext,
): (document: Uint8Array) => { readonly run: Run; readonly options: StageContext } {
  const variableNames = [...(context.variableNames ?? []), ...own.map(([name]) => name)]
  const compile = (options: StageContext) => ({
    options,
    run: options.compilePipeline(stages, {
      within: '$lookup',
      options: { variableNames, variables: options.variables },
    }),
  })
  // Also where each document has its own: what can be refused is refused before anything is read.
  const unbound = compile({ ...context, variableNames })
  if (own.length === 0) return () => unbound
  return document => {
    const root = documentValue(document)
    const values = own.map(([name, compute]) => [name, compute(root)] as const)
    const variables = values.reduce((scope, [name, value]) => scope.with(name, value), context.variables)
    return compile({ ...context, variables, variableNames })
  }
}

const unchanged: Run = documents => documents

interface Filter {
  readonly values: readonly Value[]
  /** As a stage. */
  readonly stage: Value
  readonly spec: Value
}

/** What asks for the documents that have one of the local field's values; a regular expression only means itself. */
function filterFor(document: Uint8Array, { localField, foreignField }: Equality): Filter {
  const values = valuesAtPath(document, localField.split('.')).map(value =>
    value === undefined || isNullish(value) ? nullValue : value,
  )
  const isPlain = values.every(({ type }) => type !== BsonType.regex)
  const [only] = values
  const spec =
    values.length === 1 && only !== undefined
      ? equals(foreignField, only)
      : isPlain
        ? documentOf([[foreignField, documentOf([['$in', arrayValue(values)]])]])
        : documentOf([['$or', arrayValue(values.map(value => equals(foreignField, value)))]])
  return { values, spec, stage: documentOf([['$match', spec]]) }
}

const equals = (field: string, value: Value): Value => documentOf([[field, documentOf([['$eq', value]])]])

async function* matching(
  held: JoinTable,
  { values, spec }: Filter,
  context: StageContext,
  pace: Pace,
): AsyncGenerator<Uint8Array> {
  const candidates = held.candidates(values)
  if (candidates.length === 0) return
  const matches = compileMatch(spec, context)
  for (const document of candidates) {
    const turn = pace.step()
    if (turn !== undefined) await turn
    if (matches(document)) yield document
  }
}

async function* given(documents: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* documents
}

async function gather(found: AsyncIterable<Uint8Array>): Promise<Value> {
  const items: Value[] = []
  let bytes = 0
  for await (const document of found) {
    bytes += document.length
    if (bytes > documentBytesInternalMax) {
      throw new CommandError(
        'Location4568',
        `Total size of documents matching a $lookup exceeds ${documentBytesInternalMax}`,
      )
    }
    items.push(documentValue(document))
  }
  return arrayValue(items)
}

function parseLookup(spec: Value): Lookup {
  if (!isDocument(spec)) {
    throw refusal(`the $lookup stage specification must be an object, but found ${typeName(spec)}`)
  }
  const names = new Map<string, string>()
  let stages: readonly Value[] | undefined
  let definitions: Lookup['definitions'] | undefined
  for (const [name, value] of elementsOf(spec)) {
    if (name === 'pipeline') {
      if (!isArray(value)) throw new CommandError('TypeMismatch', "'pipeline' option must be specified as an array")
      stages = itemsOf(value)
    } else if (name === 'let') {
      if (!isDocument(value)) throw refusal(`$lookup argument 'let' must be an object, is type ${typeName(value)}`)
      definitions = elementsOf(value)
      for (const [variable] of definitions) requireVariableName(variable)
    } else if (!texts.has(name)) throw refusal(`unknown argument to $lookup: ${name}`)
    else if (!isString(value)) throw refusal(`$lookup argument '${name}' must be a string, is type ${typeName(value)}`)
    else names.set(name, toText(value))
  }
  const [from, as, localField, foreignField] = [...texts].map(name => names.get(name))
  if (as === undefined) throw refusal("must specify 'as' field for a $lookup")
  if ((localField === undefined) !== (foreignField === undefined)) {
    throw refusal("$lookup requires both or neither of 'localField' and 'foreignField' to be specified")
  }
  if (stages === undefined && localField === undefined) {
    throw refusal("$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified")
  }
  if (definitions !== undefined && stages === undefined)
    throw refusal("$lookup with 'let' must also specify 'pipeline'")
  if (from === undefined && localField !== undefined) throw refusal("$lookup with 'localField' must specify 'from'")
  requireSourceStage('$lookup', from, stages ?? [])
  for (const path of [localField, foreignField]) if (path !== undefined) parseFieldPath(path)
  const equality = localField === undefined || foreignField === undefined ? undefined : { localField, foreignField }
  return { from, as, equality, definitions: definitions ?? [], stages: stages ?? [] }
}

const texts: ReadonlySet<string> = new Set(['from', 'as', 'localField', 'foreignField'])

const refusal = (message: string): CommandError => new CommandError('FailedToParse', message)
