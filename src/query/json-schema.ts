/** `$jsonSchema`: draft 4 as the server takes it. The keywords of one kind of values stand in schema-*.ts. */
import { CommandError } from '../base/errors.ts'
import type { Pace } from '../base/pace.ts'
import { elementsOf } from '../bson/reader.ts'
import { BsonType, Value, isDocument, isString, toText, typeName } from '../bson/value.ts'
import { countedTest } from './counted.ts'
import { allOf } from './field-walk.ts'
import { compileMembership } from './membership.ts'
import type { ValueTest } from './operator.ts'
import { arrayKeywords } from './schema-array.ts'
import {
  type Keyword,
  type SchemaContext,
  hasDuplicates,
  mayHaveFields,
  refusal,
  requireDocument,
  requireItems,
  withFieldsSorted,
} from './schema-keyword.ts'
import { objectKeywords } from './schema-object.ts'
import { scalarKeywords } from './schema-scalar.ts'
import { bsonAliases, typeSetOf, typesOfAlias } from './type-set.ts'

/**
 * Whether a value is as `schema`, a document, says; each schema in it spends a piece.
 *
 * @throws CommandError FailedToParse for an unknown keyword.
 */
export function compileSchema(schema: Value, pace: Pace | undefined): ValueTest {
  const keywords = new Map<string, Value>()
  for (const [name, argument] of elementsOf(schema)) {
    if (!Object.hasOwn(allKeywords, name)) throw unknownKeyword(name)
    if (keywords.has(name)) throw new CommandError('FailedToParse', `Duplicate $jsonSchema keyword: ${name}`)
    keywords.set(name, argument)
  }
  if (keywords.has('type') && keywords.has('bsonType')) {
    throw new CommandError('FailedToParse', "Cannot specify both $jsonSchema keywords 'type' and 'bsonType'")
  }
  const compileInner = (inner: Value) => compileSchema(inner, pace)
  const tests = Array.from(keywords).flatMap(
    ([name, argument]) => allKeywords[name]?.(argument, { name, keywords, compileSchema: compileInner, pace }) ?? [],
  )
  return countedTest(allOf(tests), pace)
}

const known = ['$ref', '$schema', 'default', 'definitions', 'encrypt', 'encryptMetadata', 'format', 'id']

function unknownKeyword(name: string): CommandError {
  return known.includes(name)
    ? refusal('FailedToParse', name, 'is not currently supported')
    : new CommandError('FailedToParse', `Unknown $jsonSchema keyword: ${name}`)
}

const jsonAliases: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ['array', [BsonType.array]],
  ['boolean', [BsonType.bool]],
  ['null', [BsonType.null]],
  ['number', bsonAliases.get('number') ?? []],
  ['object', [BsonType.document]],
  ['string', [BsonType.string]],
])

/** `type` and `bsonType`: one alias or several. */
function ofType(aliases: ReadonlyMap<string, readonly number[]>): Keyword {
  return (argument, { name }) => {
    const names = aliasesOf(argument, name)
    if (names.length === 0) throw refusal('FailedToParse', name, 'must name at least one type')
    if (new Set(names).size < names.length) throw refusal('FailedToParse', name, 'has a duplicate value')
    const types = typeSetOf(names.flatMap(alias => typesOfAlias(alias, aliases)))
    return type => types[type] === 1
  }
}

function aliasesOf(argument: Value, name: string): string[] {
  if (argument.type !== BsonType.string && argument.type !== BsonType.array) {
    throw refusal('TypeMismatch', name, 'must be either a string or an array of strings')
  }
  const items = isString(argument) ? [argument] : requireItems(argument, name)
  return items.map(item => {
    if (!isString(item)) throw refusal('TypeMismatch', name, 'array elements must be strings')
    const alias = toText(item)
    if (alias !== 'integer') return alias
    throw new CommandError('FailedToParse', "$jsonSchema type 'integer' is not currently supported.")
  })
}

function compileAll(argument: Value, { compileSchema: compile, name }: SchemaContext): ValueTest[] {
  const schemas = requireItems(argument, name)
  if (schemas.length === 0) throw refusal('BadValue', name, 'must be a non-empty array')
  return schemas.map(schema => {
    if (isDocument(schema)) return compile(schema)
    throw refusal('TypeMismatch', name, `must be an array of objects, but found an element of type ${typeName(schema)}`)
  })
}

const everySchema: Keyword = (argument, context) => allOf(compileAll(argument, context))

const anySchema: Keyword = (argument, context) => {
  const tests = compileAll(argument, context)
  return (type, bytes, start, end) => tests.some(test => test(type, bytes, start, end))
}

const oneSchema: Keyword = (argument, context) => {
  const tests = compileAll(argument, context)
  return (type, bytes, start, end) => tests.filter(test => test(type, bytes, start, end)).length === 1
}

const notSchema: Keyword = (argument, { compileSchema: compile, name }) => {
  const test = compile(requireDocument(argument, name))
  return (type, bytes, start, end) => !test(type, bytes, start, end)
}

const oneOfValues: Keyword = (argument, { name }) => {
  const values = requireItems(argument, name)
  if (values.length === 0) throw refusal('FailedToParse', name, 'cannot be an empty array')
  if (hasDuplicates(values)) throw refusal('FailedToParse', name, 'array cannot contain duplicate values.')
  const isMember = compileMembership(values.map(withFieldsSorted), undefined)
  return (type, bytes, start, end) => {
    if (!mayHaveFields(type)) return isMember(type, bytes, start, end)
    const sorted = withFieldsSorted(new Value(type, bytes, start, end))
    return isMember(type, sorted.bytes, sorted.start, sorted.end)
  }
}

const allKeywords: Readonly<Record<string, Keyword>> = {
  ...scalarKeywords,
  ...arrayKeywords,
  ...objectKeywords,
  allOf: everySchema,
  anyOf: anySchema,
  bsonType: ofType(bsonAliases),
  enum: oneOfValues,
  not: notSchema,
  oneOf: oneSchema,
  type: ofType(jsonAliases),
}
