/** Keywords of `$jsonSchema` for documents. */
import { ElementReader, elementCount, elementsOf, itemsOf } from '../bson/reader.ts'
import { BsonType, Value, isArray, isDocument, isString, toText, typeName } from '../bson/value.ts'
import { compileRegex } from '../expression/regex.ts'
import { compileName, findElement } from './element.ts'
import { type FieldTest, compileWalk } from './field-walk.ts'
import { type ValueTest, missingType } from './operator.ts'
import { compileFallback } from './schema-array.ts'
import {
  type Keyword,
  type SchemaContext,
  onlyFor,
  refusal,
  requireCount,
  requireDocument,
  requireTexts,
} from './schema-keyword.ts'

const onlyForObjects = (test: (bytes: Uint8Array, start: number) => boolean): ValueTest =>
  onlyFor(BsonType.document, (_, bytes, start) => test(bytes, start))

/** The schemas of a document of schemas, by name. */
function compileSchemas(argument: Value, { compileSchema, name }: SchemaContext): [name: string, test: ValueTest][] {
  return elementsOf(requireDocument(argument, name)).map(([property, schema]) => {
    if (isDocument(schema)) return [property, compileSchema(schema)]
    throw refusal('TypeMismatch', name, `has property '${property}' which is not an object`)
  })
}

/** A property that is there is as its schema says. */
const properties: Keyword = (argument, context) =>
  onlyForObjects(
    compileWalk(
      compileSchemas(argument, context).map(([name, fits]): FieldTest => ({
        name,
        test: (type, bytes, start, end) => type === missingType || fits(type, bytes, start, end),
      })),
    ),
  )

const isThere: ValueTest = type => type !== missingType

const required: Keyword = (argument, { name }) => requireFields(requireTexts(argument, name))

const requireFields = (names: readonly string[]): ValueTest =>
  onlyForObjects(compileWalk(names.map(name => ({ name, test: isThere }))))

/** A property whose name matches is as the schema behind the pattern says. */
const patternProperties: Keyword = (argument, context) => {
  const patterns = compilePatterns(argument, context)
  return onlyForObjects((bytes, start) => {
    const reader = new ElementReader(bytes, start)
    while (reader.next()) {
      const { name } = reader
      for (const { matches, fits } of patterns) {
        if (matches(name) && !fits(reader.type, bytes, reader.valueStart, reader.valueEnd)) return false
      }
    }
    return true
  })
}

const compilePatterns = (argument: Value, context: SchemaContext) =>
  compileSchemas(argument, context).map(([pattern, fits]) => ({ matches: nameTest(pattern, context), fits }))

function nameTest(pattern: string, { pace }: SchemaContext): (name: string) => boolean {
  const matches = compileRegex(pattern, '')
  return name => {
    pace?.spend()
    return matches(name)
  }
}

/** A property that neither `properties` nor `patternProperties` names. */
const additionalProperties: Keyword = (argument, context) => {
  const fits = compileFallback(argument, context)
  const named = context.keywords.get('properties')
  const names = new Set(isDocument(named) ? elementsOf(named).map(([name]) => name) : [])
  const patternsArgument = context.keywords.get('patternProperties')
  const patterns = isDocument(patternsArgument)
    ? elementsOf(patternsArgument).map(([text]) => nameTest(text, context))
    : []
  return onlyForObjects((bytes, start) => {
    const reader = new ElementReader(bytes, start)
    while (reader.next()) {
      const { name } = reader
      if (names.has(name) || patterns.some(matches => matches(name))) continue
      if (!fits(reader.type, bytes, reader.valueStart, reader.valueEnd)) return false
    }
    return true
  })
}

/** `minProperties` and `maxProperties`. */
function propertyCount(fits: (count: number, limit: number) => boolean): Keyword {
  return (argument, { name }) => {
    const wanted = requireCount(argument, name)
    return onlyFor(BsonType.document, (type, bytes, start, end) =>
      fits(elementCount(new Value(type, bytes, start, end)), wanted),
    )
  }
}

/** Where a property is there, others are, or the whole object is as another schema says. */
const dependencies: Keyword = (argument, context) => {
  const rules = elementsOf(requireDocument(argument, context.name)).map(([property, dependency]) => ({
    property: compileName(property),
    fits: isDocument(dependency)
      ? context.compileSchema(dependency)
      : requireFields(dependentNames(property, dependency)),
  }))
  return onlyFor(BsonType.document, (type, bytes, start, end) =>
    rules.every(({ property, fits }) => findElement(bytes, start, property) === -1 || fits(type, bytes, start, end)),
  )
}

function dependentNames(property: string, dependency: Value): string[] {
  const where = `in $jsonSchema keyword 'dependencies'`
  if (!isArray(dependency))
    throw refusal('TypeMismatch', 'dependencies', `has property '${property}' which is neither an object nor an array`)
  const names = itemsOf(dependency).map(item => {
    if (isString(item)) return toText(item)
    throw refusal(
      'TypeMismatch',
      'dependencies',
      `array '${property}' ${where} can only contain strings, but found element of type: ${typeName(item)}`,
    )
  })
  if (names.length === 0)
    throw refusal('FailedToParse', 'dependencies', `property '${property}' cannot be an empty array`)
  if (new Set(names).size < names.length)
    throw refusal('FailedToParse', 'dependencies', `array '${property}' contains duplicate elements`)
  return names
}

export const objectKeywords: Readonly<Record<string, Keyword>> = {
  additionalProperties,
  dependencies,
  maxProperties: propertyCount((count, most) => count <= most),
  minProperties: propertyCount((count, least) => count >= least),
  patternProperties,
  properties,
  required,
}
