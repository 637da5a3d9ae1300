/** `{ path: { $exists: true } }`: something is there, null included; with false, nothing is. */
import { isTrue } from '../../expression/truth.ts'
import { type FieldOperator, type Predicate, missingType } from '../operator.ts'

const exists: Predicate = { kind: 'value', arrays: 'items', test: type => type !== missingType }

export const operator: FieldOperator = {
  name: '$exists',
  of: 'field',
  compile: argument => (isTrue(argument) ? exists : { kind: 'not', of: exists }),
}
