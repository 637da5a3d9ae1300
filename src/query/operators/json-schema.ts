/** `{ $jsonSchema: schema }`: the document is as the schema says. */
import { CommandError } from '../../base/errors.ts'
import { readInt32 } from '../../bson/bytes.ts'
import { BsonType, isDocument } from '../../bson/value.ts'
import { compileSchema } from '../json-schema.ts'
import type { DocumentOperator } from '../operator.ts'

export const operator: DocumentOperator = {
  name: '$jsonSchema',
  of: 'document',
  compile(argument, { options }) {
    if (!isDocument(argument)) throw new CommandError('TypeMismatch', '$jsonSchema must be an object')
    const fits = compileSchema(argument, options.pace)
    return {
      kind: 'document',
      test: (bytes, start) => fits(BsonType.document, bytes, start, start + readInt32(bytes, start)),
    }
  },
}
