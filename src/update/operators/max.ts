/** `{ $max: { path: value } }` puts the value there when it is greater than what is there, in the order of all values. */
import { compareValues } from '../../bson/compare.ts'
import type { UpdateOperator } from '../operator.ts'

export const operator: UpdateOperator = {
  name: '$max',
  compile:
    (_path, argument, { collation }) =>
    place => {
      const current = place.value
      if (current === undefined || compareValues(argument, current, collation) > 0) place.set(argument)
    },
}
