/** `{ $set: { path: value } }` puts a value at a path, whatever was there. */
import type { UpdateOperator } from '../operator.ts'

export const operator: UpdateOperator = {
  name: '$set',
  compile: (_path, argument) => place => place.set(argument),
}
