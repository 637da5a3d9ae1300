/**
 * `{ $merge: { into, on, whenMatched, whenNotMatched, let } }` writes the documents into a collection, each over the one that has the
 * same values in the fields `on`.
 */
import { compileUpdatePipeline } from '../../aggregate/pipeline.ts'
import { Bug } from '../../base/assert.ts'
import { CommandError } from '../../base/errors.ts'
import { transactionBytesMax } from '../../base/limits.ts'
import { arrayValue, documentOf, stringValue } from '../../bson/encode.ts'
import { elementsOf, getField, itemsOf } from '../../bson/reader.ts'
import {
  documentBytes,
  documentValue,
  isArray,
  isDocument,
  isString,
  toText,
  typeName,
  type Value,
} from '../../bson/value.ts'
import { mergeDocuments, requireMergeable, type Merge } from '../../collection/merge.ts'
import { isInternalDatabase, requireCollectionName, type Namespace } from '../../collection/namespace.ts'
import { compileExpression } from '../../expression/expression.ts'
import { parseFieldPath } from '../../expression/field-path.ts'
import { requireVariableName, type Variables } from '../../expression/variables.ts'
import { compileUpdate, type Update } from '../../update/update.ts'
import type { CompileContext } from '../compile.ts'
import { anything, document, oneOf, optional, readDocumentFields, string } from '../fields.ts'
import { batchesOf, type Sink } from '../sink.ts'

const unmatchedWords = oneOf('insert', 'discard', 'fail')

const table = {
  into: anything,
  on: optional(anything),
  let: optional(document),
  whenMatched: optional(anything),
  whenNotMatched: optional(unmatchedWords, 'insert' as const),
}

const matchedWords = oneOf('replace', 'merge', 'keepExisting', 'fail')

type WhenMatched = ReturnType<typeof matchedWords> | readonly Value[]

/** One document takes some ten microseconds, and other writers wait for a batch. */
const batchCountMax = 50

export const sink: Sink = {
  name: '$merge',
  async open(spec, { db, context, compile, bypassesValidation }) {
    const parts = parseMerge(spec, db)
    const { target, on, whenNotMatched } = parts
    const merge: Merge = {
      target,
      on,
      collation: compile.collation,
      whenMatched: compileWhenMatched(parts, compile),
      whenNotMatched,
      bypassesValidation,
    }
    const { store, operation } = context
    await requireMergeable(store, merge)
    return {
      target,
      async write(documents) {
        const limits = { countMax: batchCountMax, bytesMax: transactionBytesMax / 4, check: () => operation.check() }
        for await (const batch of batchesOf(documents, limits)) {
          await mergeBatch(() => mergeDocuments(store, merge, batch))
          await store.env.yieldTurn()
        }
      },
    }
  },
}

async function mergeBatch(write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!(error instanceof CommandError) || error.codeName !== 'ImmutableField') throw error
    throw error.during(
      '$merge failed to update the matching document, did you attempt to modify the _id or the shard key?',
    )
  }
}

interface MergeParts {
  readonly target: Namespace
  readonly on: readonly string[]
  /** Of a pipeline; undefined for the other modes. */
  readonly let: readonly (readonly [name: string, spec: Value])[] | undefined
  readonly whenMatched: WhenMatched
  readonly whenNotMatched: Merge['whenNotMatched']
}

function parseMerge(spec: Value, db: string): MergeParts {
  if (!isString(spec) && !isDocument(spec)) {
    throw new CommandError('TypeMismatch', `$merge requires a string or object argument, but found ${typeName(spec)}`)
  }
  const parts = readDocumentFields('$merge', isString(spec) ? documentOf([['into', spec]]) : spec, table)
  const target = parseInto(parts.into, db)
  requireCollectionName(target)
  const { whenNotMatched } = parts
  const whenMatched = parts.whenMatched === undefined ? 'merge' : parseWhenMatched(parts.whenMatched)
  if (whenNotMatched !== 'insert' && (whenMatched === 'keepExisting' || whenMatched === 'fail')) {
    throw new CommandError(
      'Location51181',
      `Combination of $merge modes 'whenMatched: ${whenMatched}' and 'whenNotMatched: ${whenNotMatched}' is not supported`,
    )
  }
  if (target.coll.startsWith('system.')) {
    throw new CommandError('Location31319', `Cannot $merge to special collection: ${target.coll}`)
  }
  if (isInternalDatabase(target.db)) {
    throw new CommandError('Location31320', `Cannot $merge to internal database: ${target.db}`)
  }
  const on = parts.on === undefined ? ['_id'] : parseOn(parts.on)
  return { target, on, let: parseLet(parts.let, whenMatched), whenMatched, whenNotMatched }
}

function parseInto(into: Value, db: string): Namespace {
  if (isString(into)) return { db, coll: toText(into) }
  if (!isDocument(into)) {
    throw new CommandError(
      'Location51178',
      `$merge 'into' field must be either a string or an object, but found ${typeName(into)}`,
    )
  }
  const { db: given, coll } = readDocumentFields('$merge.into', into, intoTable)
  return { db: given ?? db, coll }
}

const intoTable = { db: optional(string), coll: string }

function parseOn(value: Value): readonly string[] {
  if (!isString(value) && !isArray(value)) {
    throw new CommandError(
      'Location51186',
      `$merge 'on' field must be either a string or an array of strings, but found ${typeName(value)}`,
    )
  }
  const items = isString(value) ? [value] : itemsOf(value)
  if (items.length === 0) {
    throw new CommandError(
      'Location51187',
      "If explicitly specifying $merge 'on' field, must include at least one field",
    )
  }
  const paths: string[] = []
  for (const item of items) {
    if (!isString(item)) {
      throw new CommandError('Location51134', `$merge 'on' array elements must be strings, but found ${typeName(item)}`)
    }
    const path = toText(item)
    parseFieldPath(path)
    if (paths.includes(path)) throw new CommandError('Location31465', `Found a duplicate field '${path}'`)
    paths.push(path)
  }
  return paths
}

function parseWhenMatched(value: Value): WhenMatched {
  if (isArray(value)) return itemsOf(value)
  if (isString(value)) return matchedWords(value, '$merge.whenMatched')
  throw new CommandError(
    'Location51191',
    `$merge 'whenMatched' field must be either a string or an array, but found ${typeName(value)}`,
  )
}

const rootSpec = stringValue('$$ROOT')

function parseLet(given: Value | undefined, whenMatched: WhenMatched): MergeParts['let'] {
  if (typeof whenMatched === 'string') {
    if (given === undefined) return undefined
    throw new CommandError('Location51199', `Cannot use 'let' variables with 'whenMatched: ${whenMatched}' mode`)
  }
  if (given === undefined) return [['new', rootSpec]]
  const own = getField(documentBytes(given), 'new')
  if (own !== undefined && !(isString(own) && toText(own) === '$$ROOT')) {
    throw new CommandError(
      'Location51273',
      "'let' may not define a value for the reserved 'new' variable other than '$$ROOT'",
    )
  }
  const others = elementsOf(given).filter(([name]) => name !== 'new')
  for (const [name] of others) requireVariableName(name)
  return [...others, ['new', rootSpec]]
}

function compileWhenMatched(
  { whenMatched, let: definitions = [['new', rootSpec]] }: MergeParts,
  compile: CompileContext,
): Merge['whenMatched'] {
  switch (whenMatched) {
    case 'keepExisting':
    case 'fail':
      return whenMatched
    case 'replace':
      return source => compileUpdate(documentValue(source), { ...compile, compilePipeline: noPipeline })
    case 'merge':
      // Names with dots are paths, as in MongoDB.
      return source =>
        compileUpdate(documentOf([['$set', documentValue(source)]]), { ...compile, compilePipeline: noPipeline })
    default:
      return compilePipelines(arrayValue(whenMatched), definitions, compile)
  }
}

const noPipeline = (): never => {
  throw new Bug('an update by a document has no pipeline')
}

/** Updates by a pipeline whose variables are of the source document. What can be refused without one is refused at once. */
function compilePipelines(
  stages: Value,
  definitions: NonNullable<MergeParts['let']>,
  compile: CompileContext,
): (source: Uint8Array) => Update {
  const { collation, variables: outer, variableNames: outerNames } = compile
  const own = definitions.map(([name, spec]) => ({
    name,
    valueOf: compileExpression(spec, { collation, variables: outerNames }),
  }))
  const variableNames = [...outerNames, ...own.map(({ name }) => name)]
  const bind = (variables: Variables): Update => {
    const bound = { ...compile, variables, variableNames }
    return compileUpdate(stages, { ...bound, compilePipeline: spec => compileUpdatePipeline(spec, bound) })
  }
  bind(outer)
  return source => {
    const root = documentValue(source)
    const values = own.map(({ name, valueOf }) => [name, valueOf(root, outer)] as const)
    return bind(values.reduce((scope, [name, value]) => scope.with(name, value), outer))
  }
}
