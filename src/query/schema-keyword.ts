/**
 * What the keywords of `$jsonSchema` have in common. A schema is asked of one value; a keyword that is made for one
 * kind of values lets all others pass.
 */
import { type CodeName, CommandError } from '../base/errors.ts'
import type { Pace } from '../base/pace.ts'
import { compareValues } from '../bson/compare.ts'
import { arrayValue, documentOf } from '../bson/encode.ts'
import { elementsOf, itemsOf } from '../bson/reader.ts'
import { BsonType, type Value, isArray, isDocument, isString, toText, typeName } from '../bson/value.ts'
import { requireInteger } from './integer.ts'
import type { ValueTest } from './operator.ts'

export interface SchemaContext {
  /** The keyword itself, for messages. */
  readonly name: string
  /** All keywords of the schema it stands in. */
  readonly keywords: ReadonlyMap<string, Value>
  compileSchema(schema: Value): ValueTest
  /** Whose time it takes; undefined where nobody else waits. */
  readonly pace: Pace | undefined
}

/** undefined when the keyword asks nothing by itself. @throws CommandError for an argument of the wrong shape. */
export type Keyword = (argument: Value, context: SchemaContext) => ValueTest | undefined

/** `test` for values of `type`; others pass. */
export function onlyFor(type: number, test: ValueTest): ValueTest {
  return (valueType, bytes, start, end) => valueType !== type || test(valueType, bytes, start, end)
}

export function refusal(codeName: CodeName, name: string, words: string): CommandError {
  return new CommandError(codeName, `$jsonSchema keyword '${name}' ${words}`)
}

/** A length or count: a whole number, 0 or more. */
export const requireCount = (argument: Value, name: string): number =>
  Number(requireInteger(argument, { name, min: 0n }))

/** The items of a list of texts that has some, and none twice. */
export function requireTexts(argument: Value, name: string): string[] {
  const texts = requireItems(argument, name).map(item => {
    if (isString(item)) return toText(item)
    throw refusal('TypeMismatch', name, `must be an array of strings, but found an element of type: ${typeName(item)}`)
  })
  if (texts.length === 0) throw refusal('FailedToParse', name, 'cannot be an empty array')
  if (new Set(texts).size < texts.length) throw refusal('FailedToParse', name, 'array cannot contain duplicate values')
  return texts
}

export function requireItems(argument: Value, name: string): Value[] {
  if (isArray(argument)) return itemsOf(argument)
  throw refusal('TypeMismatch', name, `must be an array, but found an element of type ${typeName(argument)}`)
}

export function requireDocument(argument: Value, name: string): Value {
  if (isDocument(argument)) return argument
  throw refusal('TypeMismatch', name, `must be an object, but found an element of type ${typeName(argument)}`)
}

/** `value` with the fields of every document in it in the order of their names: schemas do not see their order. */
export function withFieldsSorted(value: Value): Value {
  if (isArray(value)) return arrayValue(itemsOf(value).map(withFieldsSorted))
  if (!isDocument(value)) return value
  const fields = elementsOf(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return documentOf(fields.map(([name, field]) => [name, withFieldsSorted(field)] as const))
}

/** Whether two of `values` are equal but for the order of fields. */
export function hasDuplicates(values: readonly Value[]): boolean {
  const sorted = values.map(withFieldsSorted).sort((a, b) => compareValues(a, b))
  return sorted.some((value, index) => index > 0 && compareValues(value, sorted[index - 1]) === 0)
}

/** Whether values of a type can hold fields in one order or another. */
export const mayHaveFields = (type: number): boolean => type === BsonType.document || type === BsonType.array
