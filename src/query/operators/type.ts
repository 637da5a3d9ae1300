/** `{ path: { $type: 'int' } }` or a list of types, by alias or number: of one of them. */
import type { FieldOperator } from '../operator.ts'
import { parseTypeSet } from '../type-set.ts'

export const operator: FieldOperator = {
  name: '$type',
  of: 'field',
  compile(argument, { path }) {
    const types = parseTypeSet(argument, path)
    return { kind: 'value', arrays: 'items', test: type => types[type] === 1 }
  },
}
