/** `{ $unset: { path: anything } }` takes a field out; an array item becomes null, so that the others keep their indexes. */
import type { UpdateOperator } from '../operator.ts'

export const operator: UpdateOperator = {
  name: '$unset',
  compile: () => place => place.remove(),
}
