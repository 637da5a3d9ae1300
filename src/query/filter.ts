/** Filters as users write them, parsed into the tree of operator.ts. */
import { CommandError } from '../base/errors.ts'
import { documentDepthMax } from '../base/limits.ts'
import { elementsOf } from '../bson/reader.ts'
import { BsonType, type Value } from '../bson/value.ts'
import { equalsPredicate, isOperatorDocument, isReferenceName } from './constant.ts'
import { countedPredicate, predicatesPerPiece } from './counted.ts'
import { compileDocumentTest } from './document-test.ts'
import type { DocumentOperator, FieldOperator, Filter, MatchOptions, Predicate, QueryOperator } from './operator.ts'
import * as all from './operators/all.ts'
import { regexPredicate } from './pattern.ts'

const operators: readonly QueryOperator[] = Object.values(all)
const fieldOperators: ReadonlyMap<string, FieldOperator> = new Map(
  operators.flatMap(operator => (operator.of === 'field' ? [[operator.name, operator]] : [])),
)
const documentOperators: ReadonlyMap<string, DocumentOperator> = new Map(
  operators.flatMap(operator => (operator.of === 'document' ? [[operator.name, operator]] : [])),
)

/** Known to the server and not to us: a clearer answer than that of a misspelled name. */
const documentOperatorsMissing = new Set(['$where', '$text', '$sampleRate'])
const fieldOperatorsMissing = new Set([
  '$geoIntersects',
  '$geoWithin',
  '$maxDistance',
  '$minDistance',
  '$near',
  '$nearSphere',
  '$within',
])

interface Context {
  readonly options: MatchOptions
  readonly isTopLevel: boolean
  /** Of the whole filter, how many conditions have been parsed. */
  readonly counted: { conditionCount: number }
}

/** @throws CommandError BadValue for an unknown operator, and what the operators refuse. */
export function parseFilter(filter: Value, options: MatchOptions): Filter {
  return parse(filter, { options, isTopLevel: true, counted: { conditionCount: 0 } })
}

function parse(filter: Value, context: Context): Filter {
  const parts = elementsOf(filter).map(([name, value]) =>
    name.startsWith('$') && !isReferenceName(name)
      ? parseOperator(name, value, context)
      : parseField(name, value, context),
  )
  const [first] = parts
  return first !== undefined && parts.length === 1 ? first : { kind: 'all', of: parts }
}

function parseOperator(name: string, argument: Value, context: Context): Filter {
  const operator = documentOperators.get(name)
  if (operator === undefined) throw unknownDocumentOperator(name)
  return operator.compile(argument, {
    options: context.options,
    isTopLevel: context.isTopLevel,
    compileFilter: filter => parse(filter, context),
  })
}

function unknownDocumentOperator(name: string): CommandError {
  if (documentOperatorsMissing.has(name)) {
    return new CommandError('NotImplemented', `the query operator ${name} is not supported`)
  }
  const hint =
    name === '$not'
      ? 'If you are trying to negate an entire expression, use $nor.'
      : "If you have a field name that starts with a '$' symbol, consider using $getField or $setField."
  return new CommandError('BadValue', `unknown top level operator: ${name}. ${hint}`)
}

function parseField(path: string, value: Value, context: Context): Filter {
  if (path.split('.').length > documentDepthMax) throw new CommandError('Location5729100', 'FieldPath is too long')
  const { options, counted } = context
  const isCounted = ++counted.conditionCount % predicatesPerPiece === 0
  if (isCounted) options.pace?.spend()
  const predicate = parseCondition(path, value, context)
  return { kind: 'field', path, predicate: isCounted ? countedPredicate(predicate, options.pace) : predicate }
}

/** What stands behind a path: operators, a regular expression, or a value to be equal to. */
function parseCondition(path: string, value: Value, context: Context): Predicate {
  if (isOperatorDocument(value)) return parsePredicate(path, value, context)
  if (value.type === BsonType.regex) return regexPredicate(value, context.options.pace)
  return equalsPredicate(value, context.options.collation)
}

function parsePredicate(path: string, document: Value, { options, counted }: Context): Predicate {
  const inside: Context = { options, isTopLevel: false, counted }
  const parts = elementsOf(document).flatMap(([name, argument]) => {
    const operator = fieldOperators.get(name)
    if (operator === undefined) throw unknownFieldOperator(name)
    const predicate = operator.compile(argument, {
      options,
      path,
      operators: document,
      isDocumentOperator: other => documentOperators.has(other) || documentOperatorsMissing.has(other),
      compilePredicate: others => parsePredicate(path, others, inside),
      compileFilter: filter => compileDocumentTest(parse(filter, inside)),
    })
    return predicate ?? []
  })
  const [first] = parts
  return first !== undefined && parts.length === 1 ? first : { kind: 'all', of: parts }
}

function unknownFieldOperator(name: string): CommandError {
  if (name === '$where') return new CommandError('BadValue', '$where cannot be applied to a field')
  if (fieldOperatorsMissing.has(name)) {
    return new CommandError('NotImplemented', `the query operator ${name} is not supported`)
  }
  return new CommandError('BadValue', `unknown operator: ${name}`)
}
