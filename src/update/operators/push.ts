/**
 * `{ $push: { path: value } }` puts a value into an array, at the end; `{ $each: [value, …] }` several, and with it
 *
 *   $position   before that item instead; negative: counted from the end
 *   $sort       the whole array is then sorted, by its items (1, -1) or by fields of them ({ field: 1 })
 *   $slice      and then cut to its first items; negative: to its last
 */
import { CommandError } from '../../base/errors.ts'
import { compareValues } from '../../bson/compare.ts'
import { arrayValue, nullValue } from '../../bson/encode.ts'
import { toExactInteger, toNearestDouble } from '../../bson/number.ts'
import { elementCount, elementsOf, getField, isEmpty, itemsOf } from '../../bson/reader.ts'
import { documentBytes, isArray, isDocument, isNumber, typeName } from '../../bson/value.ts'
import type { Collation } from '../../bson/collation.ts'
import type { Value } from '../../bson/value.ts'
import type { OperatorOptions, UpdateOperator } from '../operator.ts'

type Order = (a: Value, b: Value) => number

interface Push {
  readonly values: readonly Value[]
  readonly position: number | undefined
  readonly order: Order | undefined
  readonly slice: number | undefined
}

export const operator: UpdateOperator = {
  name: '$push',
  compile(_path, argument, options) {
    const push = parsePush(argument, options)
    return place => {
      const current = place.value
      if (current === undefined) return place.set(arrayValue(pushed([], push)))
      if (!isArray(current)) {
        throw new CommandError(
          'BadValue',
          `The field '${place.path}' must be an array but is of type ${typeName(current)} in document ` +
            `{${place.documentName}}`,
        )
      }
      if (onlyAppends(current, push)) place.append(push.values)
      else if (push.values.length > 0 || push.order !== undefined || push.slice !== undefined) {
        place.set(arrayValue(pushed(itemsOf(current), push)))
      }
    }
  },
}

/** Whether the array stays as it is and only grows, so that the new items alone tell what happened. */
function onlyAppends(array: Value, { values, position, order, slice }: Push): boolean {
  if (isEmpty(array) || values.length === 0 || order !== undefined) return false
  if (position === undefined && slice === undefined) return true
  const count = elementCount(array)
  // A position that is just the array's end counts as one inside. Source: MongoDB, push_node.cpp.
  return (position ?? Infinity) > count && Math.abs(slice ?? Infinity) >= count + values.length
}

function pushed(items: readonly Value[], { values, position, order, slice }: Push): Value[] {
  const head = items.slice(0, position)
  // As array elements and not as arguments: a call takes some hundred thousand of those at most.
  const all = [...head, ...values, ...items.slice(head.length)]
  if (order !== undefined) all.sort(order)
  if (slice === undefined) return all
  return slice < 0 ? all.slice(slice) : all.slice(0, slice)
}

const clauses: ReadonlySet<string> = new Set(['$each', '$position', '$slice', '$sort'])

function parsePush(argument: Value, { collation }: OperatorOptions): Push {
  const each = isDocument(argument) ? getField(documentBytes(argument), '$each') : undefined
  if (each === undefined) return { values: [argument], position: undefined, order: undefined, slice: undefined }

  const found = new Map<string, Value>()
  for (const [name, value] of elementsOf(argument)) {
    if (!clauses.has(name)) throw new CommandError('BadValue', `Unrecognized clause in $push: ${name}`)
    if (found.has(name)) throw new CommandError('BadValue', `Only one ${name} is supported.`)
    found.set(name, value)
  }
  if (!isArray(each)) {
    const words = `The argument to $each in $push must be an array but it was of type: ${typeName(each)}`
    throw new CommandError('BadValue', words)
  }
  const sort = found.get('$sort')
  return {
    values: itemsOf(each),
    slice: parseInteger(found.get('$slice'), 'The value for $slice must be an integer value but was given type'),
    order: sort === undefined ? undefined : parseSort(sort, collation),
    position: parseInteger(found.get('$position'), 'The value for $position must be an integer value, not of type'),
  }
}

function parseInteger(value: Value | undefined, refusal: string): number | undefined {
  if (value === undefined) return undefined
  const integer = isNumber(value) ? toExactInteger(value) : undefined
  if (integer === undefined) throw new CommandError('BadValue', `${refusal}: ${typeName(value)}`)
  return Number(integer)
}

function parseSort(sort: Value, collation: Collation | undefined): Order {
  if (isDocument(sort)) return parseSortByFields(sort, collation)
  if (!isNumber(sort)) {
    throw new CommandError(
      'BadValue',
      'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
    )
  }
  const direction = parseDirection(sort)
  return (a, b) => direction * compareValues(a, b, collation)
}

function parseSortByFields(sort: Value, collation: Collation | undefined): Order {
  const keys = elementsOf(sort).map(([path, direction]) => ({
    names: parseSortPath(path),
    direction: parseDirection(direction),
  }))
  if (keys.length === 0) {
    throw new CommandError('BadValue', 'The sort pattern is empty when it should be a set of fields.')
  }
  return (a, b) => {
    for (const { names, direction } of keys) {
      const order = compareValues(sortKey(a, names), sortKey(b, names), collation)
      if (order !== 0) return direction * order
    }
    return 0
  }
}

function parseSortPath(path: string): string[] {
  if (path === '') throw new CommandError('BadValue', 'The sort field cannot be empty')
  const names = path.split('.')
  if (names.includes('')) {
    throw new CommandError('BadValue', `The sort field is a dotted field but has an empty part: ${path}`)
  }
  return names
}

function parseDirection(value: Value): 1 | -1 {
  const direction = isNumber(value) ? toNearestDouble(value) : NaN
  if (direction === 1 || direction === -1) return direction
  throw new CommandError('BadValue', 'The sort element value must be either 1 or -1')
}

/** What an item is sorted by: the field, or the first array on the way to it; null when there is neither. */
function sortKey(item: Value, names: readonly string[]): Value {
  let value: Value | undefined = isDocument(item) ? item : undefined
  for (const name of names) {
    if (isArray(value)) break
    value = isDocument(value) ? getField(documentBytes(value), name) : undefined
  }
  return value ?? nullValue
}
