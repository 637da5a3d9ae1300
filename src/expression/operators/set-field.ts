/** $setField: a document with one more field, or another value in it: `{ field, input, value }`; a missing one removes it. */
import { fieldSetter } from '../objects.ts'

export const operator = fieldSetter('$setField')
