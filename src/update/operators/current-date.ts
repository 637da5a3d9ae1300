/** `{ $currentDate: { path: true | { $type: 'date' | 'timestamp' } } }` puts the time of the write there. */
import { CommandError } from '../../base/errors.ts'
import { dateValue, timestampValue } from '../../bson/encode.ts'
import { elementsOf } from '../../bson/reader.ts'
import { BsonType, isDocument, isString, toText, typeName } from '../../bson/value.ts'
import type { Value } from '../../bson/value.ts'
import type { UpdateOperator } from '../operator.ts'

export const operator: UpdateOperator = {
  name: '$currentDate',
  compile(_path, argument) {
    const type = parseType(argument)
    return (place, { nowMs, clusterTime }) =>
      place.set(type === 'date' ? dateValue(nowMs) : timestampValue(clusterTime))
  },
}

function parseType(argument: Value): 'date' | 'timestamp' {
  if (argument.type === BsonType.bool) return 'date'
  if (!isDocument(argument)) {
    throw new CommandError(
      'BadValue',
      `${typeName(argument)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ` +
        `({$type: 'timestamp/date'}).`,
    )
  }
  let type: string | undefined
  for (const [name, value] of elementsOf(argument)) {
    if (name !== '$type') throw new CommandError('BadValue', `Unrecognized $currentDate option: ${name}`)
    if (isString(value)) type = toText(value)
  }
  if (type === 'date' || type === 'timestamp') return type
  throw new CommandError(
    'BadValue',
    `The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}`,
  )
}
