/** What a filter says of where its documents can be. */
import { compareValues, equalValues } from '../bson/compare.ts'
import type { Collation } from '../bson/collation.ts'
import { elementsOf, itemsOf } from '../bson/reader.ts'
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
  ids.sort((a, b) => compareValues(a, b))
  return ids.filter((id, index) => index === 0 || !equalValues(id, ids[index - 1]))
}

/** Of several conditions, the one that leaves the fewest. */
function pinnedBy(filter: Value): Value[] | undefined {
  const pins = elementsOf(filter).flatMap(([name, value]) => {
    if (name === '_id') return pinsOf(value)
    if (name !== '$and' || !isArray(value)) return []
    return itemsOf(value).flatMap(branch => {
      const ids = isDocument(branch) ? pinnedBy(branch) : undefined
      return ids === undefined ? [] : [ids]
    })
  })
  return fewest(pins)
}

const fewest = (pins: readonly Value[][]): Value[] | undefined =>
  pins.reduce<Value[] | undefined>(
    (best, ids) => (best !== undefined && best.length <= ids.length ? best : ids),
    undefined,
  )

function pinsOf(condition: Value): Value[][] {
  if (!isOperatorDocument(condition)) return condition.type === BsonType.regex ? [] : [[condition]]
  return elementsOf(condition).flatMap(([name, argument]) => {
    if (name === '$eq') return [[argument]]
    if (name !== '$in' || !isArray(argument)) return []
    const items = itemsOf(argument)
    return items.some(({ type }) => type === BsonType.regex) ? [] : [items]
  })
}

const textTypes = new Set<number>([
  BsonType.string,
  BsonType.symbol,
  BsonType.document,
  BsonType.array,
  BsonType.codeWithScope,
])

const mayHoldText = ({ type }: Value): boolean => textTypes.has(type)
