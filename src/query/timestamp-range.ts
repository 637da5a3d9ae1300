/** What a filter says of a field that holds timestamps in order. */
import { elementsOf, itemsOf } from '../bson/reader.ts'
import { BsonType, type Value, isArray, isDocument, toTimestamp } from '../bson/value.ts'
import { isOperatorDocument } from './constant.ts'

/** Both ends included; nothing lies in it when `from` is behind `to`. */
export interface TimestampRange {
  readonly from: bigint
  readonly to: bigint
}

const timestampMax = 0xffff_ffff_ffff_ffffn

/**
 * The timestamps that field `path` of a matching document can have; every one where the filter does not say. The filter still
 * decides. A well-formed filter is expected: `compileMatch` has refused others.
 */
export function timestampRangeOf(filter: Value, path: string): TimestampRange {
  return elementsOf(filter)
    .flatMap(([name, value]) => {
      if (name === path) return rangesOf(value)
      if (name !== '$and' || !isArray(value)) return []
      return itemsOf(value).flatMap(branch => (isDocument(branch) ? [timestampRangeOf(branch, path)] : []))
    })
    .reduce(common, { from: 0n, to: timestampMax })
}

const common = (a: TimestampRange, b: TimestampRange): TimestampRange => ({
  from: a.from > b.from ? a.from : b.from,
  to: a.to < b.to ? a.to : b.to,
})

function rangesOf(condition: Value): TimestampRange[] {
  if (!isOperatorDocument(condition)) return rangeOf('$eq', condition)
  return elementsOf(condition).flatMap(([operator, argument]) => rangeOf(operator, argument))
}

function rangeOf(operator: string, argument: Value): TimestampRange[] {
  if (argument.type !== BsonType.timestamp) return []
  const time = toTimestamp(argument)
  switch (operator) {
    case '$eq':
      return [{ from: time, to: time }]
    case '$gte':
      return [{ from: time, to: timestampMax }]
    case '$gt':
      return [{ from: time + 1n, to: timestampMax }]
    case '$lte':
      return [{ from: 0n, to: time }]
    case '$lt':
      return time === 0n ? [{ from: 1n, to: 0n }] : [{ from: 0n, to: time - 1n }]
    default:
      return []
  }
}
