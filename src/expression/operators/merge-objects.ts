/** $mergeObjects: one document with the fields of several; of two with one name the later value counts. Null is nothing. */
import { CommandError } from '../../base/errors.ts'
import { documentOf } from '../../bson/encode.ts'
import { elementsOf } from '../../bson/reader.ts'
import { show } from '../../bson/show.ts'
import { type Value, isDocument, isNullish, typeName } from '../../bson/value.ts'
import { accumulation } from '../accumulations.ts'

export const operator = accumulation('$mergeObjects', values => {
  const fields = new Map<string, Value>()
  for (const value of values) {
    if (value === undefined || isNullish(value)) continue
    if (!isDocument(value)) {
      throw new CommandError(
        'Location40400',
        `$mergeObjects requires object inputs, but input ${show(value)} is of type ${typeName(value)}`,
      )
    }
    for (const [name, field] of elementsOf(value)) fields.set(name, field)
  }
  return documentOf(fields)
})
