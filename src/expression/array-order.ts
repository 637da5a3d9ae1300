/**
 * The order that $sortArray gives: of the values themselves (`1` or `-1`), or of what lies at paths in them.
 *
 * Unlike the sort of a query it does not look into arrays that lie on its way: an array compares as a whole, and only a
 * number in a path leads into one. What is missing is null.
 */
import { CommandError } from '../base/errors.ts'
import { nullValue } from '../bson/encode.ts'
import { toNearestDouble } from '../bson/number.ts'
import { type FieldName, elementsOf, fieldName, findField } from '../bson/reader.ts'
import { type Value, isArray, isDocument, isNumber } from '../bson/value.ts'
import { type Compare, comparison } from './comparison.ts'
import type { CompareHelpers } from './operator.ts'

/** A function that puts items in order; equal ones stay as they are. */
export type Arrange = (items: readonly Value[]) => readonly Value[]

/** @throws CommandError 2942505, 2942506 or 2942507 for what says no order. */
export function compileArrange(sortBy: Value, helpers: CompareHelpers): Arrange {
  if (isDocument(sortBy)) return arrangeByKeys(elementsOf(sortBy).map(compileKey), helpers)
  if (!isNumber(sortBy)) {
    throw new CommandError(
      'Location2942507',
      'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
    )
  }
  const direction = directionOf(sortBy)
  if (direction === undefined) {
    throw new CommandError('Location2942506', 'The $sort element value must be either 1 or -1')
  }
  return items => {
    const compare = comparison(helpers, items.length)
    return items.toSorted((a, b) => compare(a, b) * direction)
  }
}

interface Key {
  readonly direction: 1 | -1
  read(item: Value): Value
}

function arrangeByKeys(keys: readonly Key[], helpers: CompareHelpers): Arrange {
  if (keys.length === 0) {
    throw new CommandError('Location2942505', 'The sort pattern is empty. Specify at least one field')
  }
  const orderBy =
    (compareKeys: Compare) =>
    (a: readonly Value[], b: readonly Value[]): number => {
      for (const [index, { direction }] of keys.entries()) {
        const order = compareKeys(a[index], b[index])
        if (order !== 0) return order * direction
      }
      return 0
    }
  return items => {
    const compare = orderBy(comparison(helpers, items.length))
    return items
      .map(item => ({ item, values: keys.map(key => key.read(item)) }))
      .toSorted((a, b) => compare(a.values, b.values))
      .map(({ item }) => item)
  }
}

function compileKey([path, value]: [string, Value]): Key {
  const direction = directionOf(value)
  if (direction === undefined) {
    throw new CommandError('Location2942505', 'The sort element value must be either 1 or -1')
  }
  const parts = path.split('.')
  if (parts.includes('')) throw new CommandError('Location2942505', `The sort field '${path}' has an empty part`)
  // A field whose own name has dots comes before what lies deeper.
  const names = parts.map((part, index) => ({ part: fieldName(part), rest: fieldName(parts.slice(index).join('.')) }))
  return { direction, read: item => (isDocument(item) ? (valueAt(item, names) ?? nullValue) : nullValue) }
}

function valueAt(item: Value, names: readonly { part: FieldName; rest: FieldName }[]): Value | undefined {
  let value: Value | undefined = item
  for (const { part, rest } of names) {
    if (!isDocument(value) && !isArray(value)) return undefined
    const whole: Value | undefined = findField(value.bytes, value.start, rest)
    if (whole !== undefined) return whole
    value = findField(value.bytes, value.start, part)
  }
  return undefined
}

function directionOf(value: Value): 1 | -1 | undefined {
  const number = isNumber(value) ? toNearestDouble(value) : 0
  return number === 1 || number === -1 ? number : undefined
}
