/** Filters: a filter document compiled once into a test that walks a document's bytes. */
import { elementsOf, itemsOf } from '../bson/reader.ts'
import { BsonType, type Value, isArray, isDocument } from '../bson/value.ts'
import { isOperatorDocument, isReferenceName } from './constant.ts'
import { compileDocumentPlace, compileWholeTest } from './document-test.ts'
import { parseFilter } from './filter.ts'
import type { MatchOptions } from './operator.ts'

export type { MatchOptions } from './operator.ts'

export type Match = (document: Uint8Array) => boolean

/** @throws CommandError BadValue and others for an unknown operator or a wrong argument. */
export function compileMatch(filter: Value, options: MatchOptions): Match {
  return compileWholeTest(parseFilter(filter, options))
}

/**
 * The index of the array item that made a document match, for the positional `$` of updates and projections;
 * undefined when no array was involved. Asked only of documents that match. Where several arrays were involved, the
 * last condition counts.
 */
export function compileMatchedIndex(
  filter: Value,
  options: MatchOptions,
): (document: Uint8Array) => number | undefined {
  const place = compileDocumentPlace(parseFilter(filter, options))
  return document => {
    const index = place(document, 0)
    return index < 0 ? undefined : index
  }
}

/**
 * The `path: value` pairs that every matching document must have, from equality and $and; what an upsert starts from.
 * A path that is asked twice is there twice.
 */
export function equalitiesOf(filter: Value): [path: string, value: Value][] {
  return elementsOf(filter).flatMap(([name, value]) => {
    if (!name.startsWith('$') || isReferenceName(name)) {
      return constantsOf(value).map((constant): [string, Value] => [name, constant])
    }
    if (!isArray(value) || (name !== '$and' && name !== '$or')) return []
    const branches = itemsOf(value).filter(isDocument)
    return name === '$and' || branches.length === 1 ? branches.flatMap(equalitiesOf) : []
  })
}

/** The values that a condition on one path asks a match to be equal to. */
function constantsOf(condition: Value): Value[] {
  if (!isOperatorDocument(condition)) return condition.type === BsonType.regex ? [] : [condition]
  return elementsOf(condition).flatMap(([name, argument]) => {
    if (name === '$eq') return [argument]
    const items = isArray(argument) && (name === '$all' || name === '$in') ? itemsOf(argument) : []
    // One of several is not known; each of several is.
    if (name === '$in' && items.length > 1) return []
    return items.filter(item => item.type !== BsonType.regex && !isOperatorDocument(item))
  })
}
