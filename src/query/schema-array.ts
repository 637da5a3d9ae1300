/** Keywords of `$jsonSchema` for arrays. */
import { ElementReader, elementCount, itemsOf } from '../bson/reader.ts'
import { BsonType, Value, isArray, isDocument, toBool, typeName } from '../bson/value.ts'
import type { ValueTest } from './operator.ts'
import { type Keyword, type SchemaContext, hasDuplicates, onlyFor, refusal, requireCount } from './schema-keyword.ts'

const onlyForArrays = (test: (array: Value) => boolean): ValueTest =>
  onlyFor(BsonType.array, (type, bytes, start, end) => test(new Value(type, bytes, start, end)))

/** `minItems` and `maxItems`. */
function itemCount(fits: (count: number, limit: number) => boolean): Keyword {
  return (argument, { name }) => {
    const wanted = requireCount(argument, name)
    return onlyForArrays(array => fits(elementCount(array), wanted))
  }
}

const uniqueItems: Keyword = (argument, { name }) => {
  if (argument.type !== BsonType.bool) throw refusal('TypeMismatch', name, 'must be a boolean')
  return toBool(argument) ? onlyForArrays(array => !hasDuplicates(itemsOf(array))) : undefined
}

/** One schema for all items, or one for each of the first ones. */
const items: Keyword = (argument, { compileSchema, name }) => {
  if (isDocument(argument)) return everyItemFrom(0, compileSchema(argument))
  if (!isArray(argument)) {
    throw refusal('TypeMismatch', name, `must be an array or an object, not ${typeName(argument)}`)
  }
  const tests = itemsOf(argument).map(schema => {
    if (isDocument(schema)) return compileSchema(schema)
    const found = typeName(schema)
    throw refusal('TypeMismatch', name, `requires that each element of the array is an object, but found a ${found}`)
  })
  return onlyForArrays(array => {
    const reader = ElementReader.of(array)
    for (const test of tests) {
      if (!reader.next()) return true
      if (!test(reader.type, reader.bytes, reader.valueStart, reader.valueEnd)) return false
    }
    return true
  })
}

/** What of an array the list of schemas in `items` does not reach. */
const additionalItems: Keyword = (argument, context) => {
  const test = compileFallback(argument, context)
  const listed = context.keywords.get('items')
  return isArray(listed) ? everyItemFrom(elementCount(listed), test) : undefined
}

function everyItemFrom(first: number, test: ValueTest): ValueTest {
  return onlyForArrays(array => {
    const reader = ElementReader.of(array)
    for (let index = 0; reader.next(); index++) {
      if (index >= first && !test(reader.type, reader.bytes, reader.valueStart, reader.valueEnd)) return false
    }
    return true
  })
}

/** A schema, or true or false for everything or nothing. */
export function compileFallback(argument: Value, { compileSchema, name }: SchemaContext): ValueTest {
  if (argument.type === BsonType.bool) {
    const allowed = toBool(argument)
    return () => allowed
  }
  if (isDocument(argument)) return compileSchema(argument)
  throw refusal('TypeMismatch', name, 'must be an object or a boolean')
}

export const arrayKeywords: Readonly<Record<string, Keyword>> = {
  additionalItems,
  items,
  maxItems: itemCount((count, most) => count <= most),
  minItems: itemCount((count, least) => count >= least),
  uniqueItems,
}
