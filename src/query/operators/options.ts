/** The flags of the `$regex` beside it, which reads them itself. */
import { CommandError } from '../../base/errors.ts'
import { elementsOf } from '../../bson/reader.ts'
import type { FieldOperator } from '../operator.ts'

export const operator: FieldOperator = {
  name: '$options',
  of: 'field',
  compile(_, { operators }) {
    if (elementsOf(operators).some(([name]) => name === '$regex')) return undefined
    throw new CommandError('BadValue', '$options needs a $regex')
  },
}
