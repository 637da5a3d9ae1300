/** $unsetField: a document without one of its fields: `{ field, input }`. */
import { fieldSetter } from '../objects.ts'

export const operator = fieldSetter('$unsetField')
