/** `{ path: { $ne: value } }`: nothing there is equal to the value. */
import { CommandError } from '../../base/errors.ts'
import { BsonType } from '../../bson/value.ts'
import { equalsPredicate } from '../constant.ts'
import type { FieldOperator } from '../operator.ts'

export const operator: FieldOperator = {
  name: '$ne',
  of: 'field',
  compile(argument, { options }) {
    if (argument.type === BsonType.regex) throw new CommandError('BadValue', "Can't have regex as arg to $ne.")
    return { kind: 'not', of: equalsPredicate(argument, options.collation) }
  },
}
