/** $split: the parts of a text between separators. */
import { CommandError } from '../../base/errors.ts'
import { BsonType, Value, isString, toText, typeName } from '../../bson/value.ts'
import { BsonWriter, indexName } from '../../bson/writer.ts'
import { requireMemory } from '../arrays.ts'
import { binaryOrNull } from '../operands.ts'

export const operator = binaryOrNull('$split', (text, separator) => {
  if (!isString(text)) {
    throw new CommandError(
      'Location40085',
      `$split requires an expression that evaluates to a string as a first argument, found: ${typeName(text)}`,
    )
  }
  if (!isString(separator)) {
    throw new CommandError(
      'Location40086',
      `$split requires an expression that evaluates to a string as a second argument, found: ${typeName(separator)}`,
    )
  }
  const between = toText(separator)
  if (between === '') throw new CommandError('Location40087', '$split requires a non-empty separator')
  return partsOf(toText(text), between)
})

/** Written as they are found: a text of megabytes can have millions of parts. */
function partsOf(text: string, between: string): Value {
  const writer = new BsonWriter()
  let start = 0
  for (let index = 0; ; index++) {
    const end = text.indexOf(between, start)
    writer.string(indexName(index), end === -1 ? text.slice(start) : text.slice(start, end))
    if (end === -1) break
    requireMemory('$split', writer.length)
    start = end + between.length
  }
  const bytes = writer.finish()
  return new Value(BsonType.array, bytes, 0, bytes.length)
}
