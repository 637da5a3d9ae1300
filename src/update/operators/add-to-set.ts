/** `{ $addToSet: { path: value } }` appends a value to an array that has none equal to it; `{ $each: [value, …] }` several. */
import { CommandError } from '../../base/errors.ts'
import { equalValues } from '../../bson/compare.ts'
import { arrayValue } from '../../bson/encode.ts'
import { elementsOf, itemsOf } from '../../bson/reader.ts'
import { show } from '../../bson/show.ts'
import { isArray, isDocument, typeName } from '../../bson/value.ts'
import { ValueSet, withoutRepeats } from '../value-set.ts'
import type { Value } from '../../bson/value.ts'
import type { UpdateOperator } from '../operator.ts'

export const operator: UpdateOperator = {
  name: '$addToSet',
  compile(_path, argument, { collation }) {
    const values = withoutRepeats(parseValues(argument), collation)
    const missingIn = (items: readonly Value[]): Value[] => {
      const [only] = values
      // One value is compared with each item; for many the items are sorted.
      if (values.length === 1) return items.some(item => equalValues(item, only, collation)) ? [] : values
      const there = new ValueSet(items, collation)
      return values.filter(value => !there.has(value))
    }
    return place => {
      const current = place.value
      if (current === undefined) return place.set(arrayValue(values))
      if (!isArray(current)) {
        throw new CommandError(
          'BadValue',
          `Cannot apply $addToSet to non-array field. Field named '${place.name}' has non-array type ` +
            typeName(current),
        )
      }
      const missing = missingIn(itemsOf(current))
      if (missing.length > 0) place.append(missing)
    }
  },
}

function parseValues(argument: Value): Value[] {
  if (!isDocument(argument)) return [argument]
  const [first, ...others] = elementsOf(argument)
  if (first?.[0] !== '$each') return [argument]
  if (!isArray(first[1])) {
    throw new CommandError(
      'TypeMismatch',
      `The argument to $each in $addToSet must be an array but it was of type ${typeName(first[1])}`,
    )
  }
  if (others.length > 0) {
    const words = `Found unexpected fields after $each in $addToSet: ${show(argument)}`
    throw new CommandError('BadValue', words)
  }
  return itemsOf(first[1])
}
