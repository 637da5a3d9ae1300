/** $range: whole numbers from a start to an end, which is not among them, in steps of 1 or of the third operand. */
import { type CodeName, CommandError } from '../../base/errors.ts'
import { show } from '../../bson/show.ts'
import { BsonType, Value, isNumber, typeName } from '../../bson/value.ts'
import { BsonWriter, indexName } from '../../bson/writer.ts'
import { requireMemory } from '../arrays.ts'
import { toExactInt32 } from '../numbers.ts'
import { variadic } from '../operands.ts'

/** An int in an array: type, a name of some digits, and the int. */
const itemBytes = 16

export const operator = variadic(
  '$range',
  (values, { pace }) => {
    const start = requireInt32('a starting', values[0], ['Location34443', 'Location34444'])
    const end = requireInt32('an ending', values[1], ['Location34445', 'Location34446'])
    const step = values.length > 2 ? requireInt32('a step', values[2], ['Location34447', 'Location34448']) : 1
    if (step === 0) throw new CommandError('Location34449', '$range requires a non-zero step value')
    const count = Math.max(0, Math.ceil((end - start) / step))
    requireMemory('$range', count * itemBytes)
    pace?.spendBytes(count * itemBytes)
    const writer = new BsonWriter(count * itemBytes + 5)
    for (let index = 0; index < count; index++) writer.int32(indexName(index), start + index * step)
    const bytes = writer.finish()
    return new Value(BsonType.array, bytes, 0, bytes.length)
  },
  { min: 2, max: 3 },
)

function requireInt32(which: string, value: Value | undefined, [notNumber, notInt32]: [CodeName, CodeName]): number {
  if (!isNumber(value)) {
    throw new CommandError(
      notNumber,
      `$range requires ${which} value that is a number, found value of type: ${typeName(value)}`,
    )
  }
  const int = toExactInt32(value)
  if (int !== undefined) return int
  throw new CommandError(
    notInt32,
    `$range requires ${which} value that can be represented as a 32-bit integer, found value: ${show(value)}`,
  )
}
