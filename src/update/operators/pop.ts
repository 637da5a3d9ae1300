/** `{ $pop: { path: 1 | -1 } }` takes the last or the first item out of an array. */
import { CommandError } from '../../base/errors.ts'
import { arrayValue } from '../../bson/encode.ts'
import { itemsOf } from '../../bson/reader.ts'
import { isArray, typeName } from '../../bson/value.ts'
import { requireInteger } from '../../query/integer.ts'
import type { UpdateOperator } from '../operator.ts'

export const operator: UpdateOperator = {
  name: '$pop',
  compile(path, argument) {
    const end = requireInteger(argument, { name: path.text })
    if (end !== 1n && end !== -1n) {
      throw new CommandError('FailedToParse', `$pop expects 1 or -1, found: ${end}`)
    }
    return place => {
      const current = place.value
      if (current === undefined) return place.requireViable()
      if (!isArray(current)) {
        throw new CommandError(
          'TypeMismatch',
          `Path '${place.path}' contains an element of non-array type '${typeName(current)}'`,
        )
      }
      const items = itemsOf(current)
      place.set(arrayValue(end === 1n ? items.slice(0, -1) : items.slice(1)))
    }
  },
}
