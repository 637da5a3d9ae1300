/** `{ $documents: expression }` gives the documents of an array, without a collection. */
import { CommandError } from '../../base/errors.ts'
import { encodeDocument } from '../../bson/encode.ts'
import { itemsOf } from '../../bson/reader.ts'
import { show } from '../../bson/show.ts'
import { documentBytes, documentValue, isArray, isDocument, typeName } from '../../bson/value.ts'
import { compileCompute } from '../compute.ts'
import type { Stage } from '../stage.ts'

export const stage: Stage = {
  name: '$documents',
  inChangeStream: false,
  inUpdate: false,
  isSource: true,
  compile(spec, options) {
    const compute = compileCompute(spec, options)
    return {
      kind: 'all',
      async *run() {
        const array = compute(documentValue(encodeDocument({})))
        if (!isArray(array)) {
          throw new CommandError('Location5858203', `an array is expected of $documents, not ${show(array)}`)
        }
        for (const item of itemsOf(array)) {
          if (isDocument(item)) yield documentBytes(item)
          else {
            throw new CommandError(
              'Location40228',
              `$documents must give objects, but resulting value was: ${show(item)}. ` +
                `Type of resulting value: '${typeName(item)}'`,
            )
          }
        }
      },
    }
  },
}
