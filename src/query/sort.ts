/**
 * Sort specifications.
 *
 * A document sorts as an index over the same paths would have it: where a path meets an array, every item gives a
 * key, and the first of the keys in the order of the sort counts. A missing value sorts as null, an empty array
 * before it.
 */
import { CommandError } from '../base/errors.ts'
import type { Collation } from '../bson/collation.ts'
import { compareValues } from '../bson/compare.ts'
import { nullValue } from '../bson/encode.ts'
import { toExactInteger } from '../bson/number.ts'
import { elementCount, elementsOf, firstElement } from '../bson/reader.ts'
import { show } from '../bson/show.ts'
import { BsonType, type Value, documentValue, isDocument, isNumber } from '../bson/value.ts'
import { parseFieldPath } from '../expression/field-path.ts'
import { compileName, valueUnder } from './element.ts'
import { truncatedInteger } from './integer.ts'
import { type Path, forEachValue, isPosition, sortKeys } from './sort-keys.ts'

/** What of a document decides its place, taken out once: comparing does not look at the document again. */
export type SortKey = readonly (Value | undefined)[]

export interface Sort {
  keyOf(document: Uint8Array): SortKey
  compare(a: SortKey, b: SortKey): number
  /** `{ $natural: 1 | -1 }`: storage order, forwards or backwards; `keyOf` and `compare` then mean nothing. */
  readonly natural?: 1 | -1
}

/** Source: MongoDB, the most fields that an index can have. */
const fieldCountMax = 32

/** @throws CommandError for an empty path, a direction other than 1, -1 or $meta. */
export function compileSort(spec: Value, collation: Collation | undefined): Sort {
  const elements = elementsOf(spec)
  const natural = elements.find(([path]) => path === '$natural')?.[1]
  if (natural) return naturalSort(natural, spec)
  if (elements.length > fieldCountMax) throw new CommandError('Location13103', 'too many compound keys')
  const paths = elements.map(([path]) => parseFieldPath(path).map(compileName))
  const directions = elements.map(([path, direction]) => parseDirection(path, direction))
  requireDistinct(elements.map(([path]) => path))

  function compare(a: SortKey, b: SortKey): number {
    for (let index = 0; index < directions.length; index++) {
      const order = compareValues(a[index], b[index], collation)
      if (order !== 0) return order * (directions[index] as number)
    }
    return 0
  }

  const isPositional = paths.some(path => path.some(isPosition))

  function keyOf(document: Uint8Array): SortKey {
    const key: Value[] = []
    let arrayAt = -1
    for (let index = 0; index < paths.length; index++) {
      const value = simpleValue(document, paths[index] as Path)
      if (value.type === BsonType.array) {
        if (arrayAt !== -1 || isPositional) return firstKey(document)
        arrayAt = index
      }
      key.push(value)
    }
    // Nothing else depends on which item of the array a key is for: the least item, as the sort goes, gives the first
    // key.
    if (arrayAt !== -1)
      key[arrayAt] = leastAt(documentValue(document), paths[arrayAt] as Path, directions[arrayAt] as 1 | -1)
    return key
  }

  function leastAt(document: Value, path: Path, direction: 1 | -1): Value {
    let least: Value | undefined
    forEachValue(document, path, 0, value => {
      if (least === undefined || compareValues(value, least, collation) * direction < 0) least = value
    })
    return least ?? nullValue
  }

  function firstKey(document: Uint8Array): SortKey {
    return sortKeys(documentValue(document), paths).reduce((first, key) => (compare(key, first) < 0 ? key : first))
  }

  return { keyOf, compare }
}

/** What is at `path`, null for nothing; or the first array that the path meets, at its end or before. */
function simpleValue(document: Uint8Array, path: Path): Value {
  let value: Value | undefined = documentValue(document)
  for (const name of path) {
    if (value.type === BsonType.array) return value
    value = value.type === BsonType.document ? valueUnder(value, name) : undefined
    if (value === undefined) return nullValue
  }
  return value
}

function parseDirection(path: string, direction: Value): 1 | -1 {
  if (isDocument(direction)) return refuseExpression(direction)
  if (!isNumber(direction)) {
    throw new CommandError('Location15974', `Illegal key in $sort specification: ${path}: ${show(direction)}`)
  }
  const sign = truncatedInteger(direction)
  if (sign === 1n) return 1
  if (sign === -1n) return -1
  throw new CommandError('Location15975', '$sort key ordering must be 1 (for ascending) or -1 (for descending)')
}

function refuseExpression(direction: Value): never {
  if (firstElement(direction)?.[0] === '$meta')
    throw new CommandError('NotImplemented', 'sorting by $meta is not supported')
  throw new CommandError('Location17312', '$meta is the only expression supported by $sort right now')
}

function requireDistinct(paths: readonly string[]): void {
  const twice = paths.find((path, index) => paths.indexOf(path) !== index)
  if (twice === undefined) return
  throw new CommandError('Location7472500', `$sort key must not contain duplicate keys (duplicate: '${twice}')`)
}

function naturalSort(direction: Value, spec: Value): Sort {
  if (elementCount(spec) > 1) {
    throw new CommandError('BadValue', `Cannot include '$natural' in compound sort: ${show(spec)}`)
  }
  const sign = toExactInteger(direction)
  if (sign !== 1n && sign !== -1n) {
    throw new CommandError('BadValue', '$natural sort cannot be set to a value other than -1 or 1.')
  }
  return { natural: sign === 1n ? 1 : -1, keyOf: () => [], compare: () => 0 }
}
