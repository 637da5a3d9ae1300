/** What a filter says of where its documents can be. */
import { compareValues, equalValues } from '../bson/compare.ts'
import type { Collation } from '../bson/collation.ts'
import { ElementReader, elementsOf, itemsOf } from '../bson/reader.ts'
import { BsonType, type Value, isArray, isDocument } from '../bson/value.ts'
import { isOperatorDocument } from './constant.ts'

/**
 * The values of `_id` that documents matching `filter` can have, ascending and each once; undefined when the filter
 * does not pin them. The filter still decides. A well-formed filter is expected: `compileMatch` has refused others.
 */
export function idsOf(filter: Value, collation: Collation | undefined): Value[] | undefined {
  const ids = pinnedBy(filter)
  // Under a collation, strings that are equal lie under different keys.
  if (ids === undefined || (collation !== undefined && ids.some(mayHoldText))) return undefined
  if (ids.length <= 1) return ids
  ids.sort((a, b) => compareValues(a, b))
  return ids.filter((id, index) => index === 0 || !equalValues(id, ids[index - 1]))
}

/** Of several conditions, the one that leaves the fewest. */
function pinnedBy(filter: Value): Value[] | undefined {
  let best: Value[] | undefined
  const conditions = ElementReader.of(filter)
  while (conditions.next()) {
    const { name } = conditions
    if (name === '_id') best = fewer(best, pinnedByCondition(conditions.value))
    else if (name === '$and' && conditions.type === BsonType.array) {
      for (const branch of itemsOf(conditions.value)) if (isDocument(branch)) best = fewer(best, pinnedBy(branch))
    }
  }
  return best
}

function pinnedByCondition(condition: Value): Value[] | undefined {
  if (!isOperatorDocument(condition)) return condition.type === BsonType.regex ? undefined : [condition]
  let best: Value[] | undefined
  for (const [name, argument] of elementsOf(condition)) {
    if (name === '$eq') best = fewer(best, [argument])
    else if (name === '$in' && isArray(argument)) {
      const items = itemsOf(argument)
      if (!items.some(({ type }) => type === BsonType.regex)) best = fewer(best, items)
    }
  }
  return best
}

const fewer = (a: Value[] | undefined, b: Value[] | undefined): Value[] | undefined =>
  a !== undefined && (b === undefined || a.length <= b.length) ? a : b

const textTypes = new Set<number>([
  BsonType.string,
  BsonType.symbol,
  BsonType.document,
  BsonType.array,
  BsonType.codeWithScope,
])

/** Whether a collation can have a say about the value. */
export const mayHoldText = ({ type }: Value): boolean => textTypes.has(type)
