/** `{ $mergeObjects: expression }` is one document with the fields of all; of two with one name the later counts. */
import { CommandError } from '../../base/errors.ts'
import { documentOf } from '../../bson/encode.ts'
import { elementsOf } from '../../bson/reader.ts'
import { show } from '../../bson/show.ts'
import { isDocument, isNullish, typeName } from '../../bson/value.ts'
import type { Value } from '../../bson/value.ts'
import { ofExpression } from '../accumulator.ts'

export const accumulator = ofExpression('$mergeObjects', memory => {
  const fields = new Map<string, Value>()
  return {
    add(input) {
      if (isNullish(input)) return
      if (!isDocument(input)) {
        throw new CommandError(
          'Location40400',
          `$mergeObjects requires object inputs, but input ${show(input)} is of type ${typeName(input)}`,
        )
      }
      for (const [name, value] of elementsOf(input)) {
        const before = fields.get(name)
        if (before === undefined) memory.take(name.length)
        else memory.drop(before)
        fields.set(name, memory.keep(value))
      }
    },
    result: () => documentOf(fields),
  }
})
