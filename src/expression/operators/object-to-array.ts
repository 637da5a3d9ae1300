/** $objectToArray: the fields of a document as an array of `{ k: name, v: value }`. */
import { CommandError } from '../../base/errors.ts'
import { arrayValue, documentOf, stringValue } from '../../bson/encode.ts'
import { elementsOf } from '../../bson/reader.ts'
import { isDocument, typeName } from '../../bson/value.ts'
import { unaryOrNull } from '../operands.ts'

export const operator = unaryOrNull('$objectToArray', value => {
  if (!isDocument(value)) {
    throw new CommandError('Location40390', `$objectToArray requires a document input, found: ${typeName(value)}`)
  }
  const pairs = elementsOf(value).map(([name, field]) =>
    documentOf([
      ['k', stringValue(name)],
      ['v', field],
    ]),
  )
  return arrayValue(pairs)
})
