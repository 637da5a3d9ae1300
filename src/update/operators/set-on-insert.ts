/** `{ $setOnInsert: { path: value } }` is $set where an upsert makes a new document, and nothing otherwise. */
import type { UpdateOperator } from '../operator.ts'

export const operator: UpdateOperator = {
  name: '$setOnInsert',
  compile:
    (_path, argument) =>
    (place, { inserting }) => {
      if (inserting) place.set(argument)
    },
}
