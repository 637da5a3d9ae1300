/** `{ path: { $not: { $gt: 1 } } }` or `{ path: { $not: /pattern/ } }`: what the operators inside do not find. */
import { CommandError } from '../../base/errors.ts'
import { isEmpty } from '../../bson/reader.ts'
import { BsonType, isDocument } from '../../bson/value.ts'
import type { FieldOperator } from '../operator.ts'
import { regexPredicate } from '../pattern.ts'

export const operator: FieldOperator = {
  name: '$not',
  of: 'field',
  compile(argument, { compilePredicate, options }) {
    if (argument.type === BsonType.regex) return { kind: 'not', of: regexPredicate(argument, options.pace) }
    if (!isDocument(argument)) throw new CommandError('BadValue', '$not needs a regex or a document')
    if (isEmpty(argument)) throw new CommandError('BadValue', '$not cannot be empty')
    return { kind: 'not', of: compilePredicate(argument) }
  },
}
